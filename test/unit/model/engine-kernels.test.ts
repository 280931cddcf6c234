import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { assertClose } from './op-cases.ts';

let backend: EmbeddedBackend;

before(async () => {
  backend = await activateEmbedded({ threads: 2 });
});

after(() => {
  backend.dispose();
});

/** Reproducible values in [low, high). */
function values(shape: number[], low = -2, high = 2): tf.Tensor {
  const rng = rngFrom(5, shape.join());
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => low + rng.next() * (high - low)),
    shape,
  );
}

type Build = () => tf.Tensor | tf.Tensor[];

async function runOn(name: string, build: Build): Promise<{ shape: number[]; values: Float32Array }[]> {
  await tf.setBackend(name);
  return tf.tidy(() =>
    [build()].flat().map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync<'float32'>() })),
  );
}

/** Same shapes and values as TensorFlow.js's own CPU kernels. */
async function checkAgainstCpu(what: string, build: Build): Promise<void> {
  const expected = await runOn('cpu', build);
  await runOn('embedded', build); // scratch grows to what it needs
  const usedBefore = backend.shared.heap.usedBytes;
  const actual = await runOn('embedded', build);
  assert.deepEqual(
    actual.map(({ shape }) => shape),
    expected.map(({ shape }) => shape),
    what,
  );
  for (const [i, result] of actual.entries())
    assertClose(result.values, expected[i].values, 1e-5, `${what}, result ${i}`);
  assert.ok(backend.shared.heap.usedBytes - usedBefore < 1 << 20, `${what} leaves only scratch in the heap`);
}

describe('matrix products', () => {
  const sizes = [
    [1, 1, 1],
    [1, 300, 7],
    [5, 1, 9],
    [6, 16, 8],
    [7, 257, 17],
    [61, 9, 2600],
    [151, 31, 129],
    [250, 513, 66],
    [1030, 40, 20],
    [3, 5000, 600],
  ];
  for (const [m, k, n] of sizes) {
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      it(`${m}x${k}x${n}, transposed ${String(transposeA)} and ${String(transposeB)}`, async () => {
        await checkAgainstCpu('product', () =>
          tf.matMul(values(transposeA ? [k, m] : [m, k]), values(transposeB ? [n, k] : [k, n]), transposeA, transposeB),
        );
      });
    }
  }

  it('has the same bits in a row whatever its neighbours, also where those decide how it is read', async () => {
    await tf.setBackend('embedded');
    const [expected, ...others] = tf.tidy(() => {
      const [all, b] = [values([1100, 300]), values([300, 600])];
      const few = tf.slice(all, [40, 0], [7, -1]);
      const rows = (a: tf.Tensor): tf.Tensor[] => [tf.matMul(a, b), tf.matMul(tf.transpose(a), b, true)];
      const many = [65, 160, 1100].flatMap((count) => rows(tf.slice(all, [0, 0], [count, -1])));
      return [...rows(few), ...many.map((c) => tf.slice(c, [40, 0], [7, -1]))].map((c) => c.dataSync());
    });
    for (const other of others) assert.deepEqual(other, expected);
  });

  it('in batches, shared operands included', async () => {
    await checkAgainstCpu('batch', () => [
      tf.matMul(values([3, 4, 5, 6]), values([3, 4, 6, 7])),
      tf.matMul(values([12, 5, 6]), values([12, 7, 6]), false, true),
      tf.matMul(values([9, 41, 30]), values([1, 30, 50])),
      tf.matMul(values([1, 6, 5]), values([4, 6, 7]), true),
    ]);
  });

  it('without rows or columns', async () => {
    await checkAgainstCpu('empty', () => [
      tf.matMul(values([0, 3]), values([3, 2])),
      tf.matMul(values([2, 3]), values([3, 0])),
    ]);
  });
});

describe('elementwise operations', () => {
  const shapes: [number[], number[]][] = [
    [[], []],
    [[7], []],
    [[5, 9], [9]],
    [
      [5, 9],
      [5, 1],
    ],
    [
      [5, 1],
      [1, 9],
    ],
    [
      [2, 3, 1, 5],
      [3, 4, 1],
    ],
    [
      [300, 129],
      [300, 129],
    ],
    [[1, 40000], [40000]],
    [[0, 4], [4]],
  ];
  for (const [a, b] of shapes) {
    it(`of two arrays, [${String(a)}] and [${String(b)}]`, async () => {
      await checkAgainstCpu('binary', () => {
        const [x, y] = [values(a), values(b, 0.5, 2)];
        return [tf.add, tf.sub, tf.mul, tf.div, tf.maximum, tf.minimum].flatMap((op) => [op(x, y), op(y, x)]);
      });
    });
  }

  it('of one array, where infinities and zeros are defined too', async () => {
    await checkAgainstCpu('unary', () => {
      const x = tf.concat([values([1003], -20, 20), tf.tensor1d([0, -0, 90, -100, Infinity, -Infinity, 1e-40])]);
      const positive = tf.abs(x);
      const bounded = tf.minimum(x, 80);
      return [
        tf.neg(bounded),
        tf.exp(bounded),
        tf.sigmoid(x),
        tf.square(bounded),
        tf.sqrt(tf.minimum(positive, 80)),
      ].map((y) => tf.clipByValue(y, -1e30, 1e30));
    });
    await checkAgainstCpu('logarithm', () => tf.log(values([1003], 1e-6, 50)));
    await checkAgainstCpu('reciprocal root', () => tf.rsqrt(values([1003], 1e-3, 50)));
    await tf.setBackend('embedded');
    const special = tf.tidy(() => tf.log(tf.tensor1d([0, 1, Infinity, -1])).dataSync());
    assert.deepEqual([...special], [-Infinity, 0, Infinity, NaN]);
    assert.equal(
      tf.tidy(() => tf.exp(tf.tensor1d([NaN])).dataSync()[0]),
      NaN,
    );
  });

  it('softmax and its logarithm', async () => {
    for (const shape of [[1, 1], [3, 7], [2, 5, 33], [400, 70], [9]]) {
      await checkAgainstCpu('softmax', () => [tf.softmax(values(shape, -30, 30)), tf.logSoftmax(values(shape, -3, 3))]);
    }
  });

  it('filling', async () => {
    await checkAgainstCpu('fill', () => [tf.fill([3, 5], 2.5), tf.zerosLike(values([4, 3])), tf.fill([0], 1)]);
  });
});

describe('moving values', () => {
  it('transposes', async () => {
    await checkAgainstCpu('transpose', () => [
      tf.transpose(values([7, 9])),
      tf.transpose(values([2, 3, 4, 5]), [0, 2, 1, 3]),
      tf.transpose(values([2, 3, 4, 5]), [3, 1, 0, 2]),
      tf.transpose(values([1, 300, 1, 70]), [2, 3, 0, 1]),
      tf.transpose(values([4])),
    ]);
  });

  it('slices, splits, joins, pads, repeats and stacks', async () => {
    await checkAgainstCpu('slices', () => {
      const x = values([6, 8, 5]);
      return [
        tf.slice(x, [1, 2, 3], [4, 5, 2]),
        tf.slice(x, [0, 3, 0], [-1, 1, -1]),
        tf.slice(x, [2, 0, 0], [0, 8, 5]),
        ...tf.split(x, 4, 1),
        ...tf.split(x, [1, 0, 4], -1),
        ...tf.unstack(x, 1),
        ...tf.unstack(values([1, 2]), 1),
        tf.concat([x, values([6, 8, 1]), values([6, 8, 0])], -1),
        tf.concat([x, x, values([1, 8, 5])], 0),
        tf.pad(
          x,
          [
            [0, 0],
            [2, 1],
            [0, 3],
          ],
          7,
        ),
        tf.tile(x, [1, 2, 1]),
        tf.stack([x, x], 1),
      ];
    });
  });

  it('cuts parts out that stay when what they were cut out of is gone', async () => {
    await tf.setBackend('embedded');
    const whole = tf.tidy(() => tf.gather(tf.range(0, 4, 1, 'int32'), tf.tensor1d([3, 2, 1, 0], 'int32')));
    const rows = tf.tensor2d([1, 2], [1, 2], 'int32');
    tf.gather(tf.ones([4, 16]), whole).dispose(); // moves it to where kernels read
    tf.gather(tf.ones([4, 16]), rows).dispose();
    const parts = [
      tf.slice(whole, [1], [2]),
      tf.split(whole, 2)[1],
      ...tf.unstack(rows, 1),
      tf.stridedSlice(whole, [0], [3]),
    ];
    tf.dispose([whole, rows]);
    tf.dispose(Array.from({ length: 200 }, () => tf.fill([4], 7))); // what was there is written over
    assert.deepEqual(
      parts.map((part) => [...part.dataSync()]),
      [[2, 1], [1, 0], [1], [2], [3, 2, 1]],
    );
  });

  it('gathers rows and adds them up where they came from', async () => {
    await checkAgainstCpu('gather', () => {
      const ids = tf.tensor1d([3, 0, 3, 5, 1], 'int32');
      return [
        tf.gather(values([6, 7]), ids),
        tf.gather(values([6, 3, 2]), ids),
        tf.gather(values([6]), ids),
        tf.unsortedSegmentSum(values([5, 9]), ids, 6),
        tf.grad((x) => tf.gather(x, ids))(values([6, 7])),
      ];
    });
  });

  it('refuses an index outside the array instead of reading what lies there', async () => {
    await tf.setBackend('embedded');
    const wrong = tf.tensor1d([1, 6], 'int32');
    assert.throws(() => tf.tidy(() => tf.gather(values([6, 7]), wrong)), /index is 6/);
    wrong.dispose();
  });
});

describe('reductions', () => {
  it('along trailing, leading, middle and all axes', async () => {
    await checkAgainstCpu('reduce', () => {
      const x = values([6, 50, 35]);
      const axes = [[2], [1, 2], [0], [0, 1], [1], [0, 2], [0, 1, 2]];
      return axes.flatMap((axis) => [tf.sum(x, axis), tf.mean(x, axis, true), tf.max(x, axis)]);
    });
    await checkAgainstCpu('short', () => [tf.sum(values([3])), tf.max(values([1, 2]), 1), tf.mean(values([5, 1]))]);
  });
});

describe('tensors of the embedded engine', () => {
  it('give copies of their values: what was read does not change later', async () => {
    await tf.setBackend('embedded');
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const doubled = tf.add(variable, variable);
    const read = doubled.dataSync();
    doubled.dispose();
    const other = tf.add(variable, 40);
    assert.deepEqual([...read], [2, 4]);
    tf.dispose([variable, other]);
  });

  it('leave the heap as it was after 1,000 steps of training', async () => {
    await tf.setBackend('embedded');
    const weight = tf.variable(values([30, 20]));
    const x = values([50, 30]);
    const step = (): void => {
      const { value, grads } = tf.variableGrads(() => tf.sum<tf.Scalar>(tf.softmax(tf.matMul(x, weight))));
      tf.dispose([value, grads]);
    };
    step();
    const { usedBytes, end } = backend.shared.heap;
    for (let i = 0; i < 1000; i++) step();
    assert.equal(backend.shared.heap.usedBytes, usedBytes);
    assert.equal(backend.shared.heap.end, end);
    tf.dispose([weight, x]);
  });
});

describe('threads', () => {
  it('do what they were asked for in its order, also where memory is handed on meanwhile', () => {
    const size = 40_000;
    let sum: tf.Tensor = tf.zeros([size]);
    for (let i = 1; i <= 200; i++) {
      // Its values are written where a kernel that was only asked for may still read.
      const host = tf.tensor1d(new Float32Array(size).fill(i));
      const next = tf.add(sum, host);
      const unused = tf.exp(next);
      tf.dispose([sum, host, unused]);
      sum = next;
    }
    assert.ok(sum.dataSync<'float32'>().every((value) => value === 20_100));
    sum.dispose();
  });

  it('need not be done when an operation returns', () => {
    const [a, b] = [tf.ones([800, 800]), tf.ones([800, 800])];
    const product = tf.matMul(a, b);
    const square = tf.square(product);
    assert.ok(square.dataSync<'float32'>().every((value) => value === 640_000));
    tf.dispose([a, b, product, square]);
  });

  it('bring the error of a helper to the caller, and work on', () => {
    const far = 2 ** 32 - 1024;
    assert.throws(() => {
      backend.pool.run('exp', 1 << 16, 256, [far, far]);
      backend.pool.settle();
    }, /out of bounds/);
    const sum = tf.tidy(() => tf.sum(tf.add(values([1000, 100], 1, 1), 1)).dataSync()[0]);
    assert.equal(sum, 200000);
  });
});
