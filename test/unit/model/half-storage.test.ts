import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { EmbeddedDecoder } from '../../../src/model/engine/decoder.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { variantNames } from '../../../src/model/engine/variants.ts';
import type { HalfPrecision } from '../../../src/model/engine/storage.ts';
import { frozenVariable } from '../../../src/model/filled-variable.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../../../src/model/half.ts';
import {
  adapterParameters,
  createAdapters,
  LORA_TARGETS,
  mergeAdapters,
  mergedValues,
  withAdapters,
  withoutAdapters,
} from '../../../src/model/lora.ts';
import { weightsOf } from '../../../src/model/model-folder.ts';
import { embed, linear, tokenLogProbs } from '../../../src/model/ops.ts';
import { type DType, storedTensors, writeSafetensors } from '../../../src/model/safetensors.ts';
import { hiddenStates } from '../../../src/model/transformer.ts';
import type { ModelConfig, ModelWeights } from '../../../src/model/weights.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';

let backend: EmbeddedBackend;
before(async () => {
  backend = await activateEmbedded({ threads: 2 });
});
after(() => {
  backend.dispose();
});

const DTYPES = { bfloat16: 'BF16', float16: 'F16' } as const satisfies Record<HalfPrecision, DType>;
const precisions: readonly HalfPrecision[] = ['bfloat16', 'float16'];

/** Values of a file in half precision, subnormal ones among them, and the same in float32. */
function valuesOf(count: number, precision: HalfPrecision): Float32Array {
  const rng = rngFrom(5, 'halves');
  const values = Float32Array.from({ length: count }, (_, i) => (rng.next() - 0.5) * (i % 7 === 0 ? 1e-6 : 2));
  return precision === 'bfloat16'
    ? bfloat16ToFloat32(float32ToBfloat16(values))
    : float16ToFloat32(float32ToFloat16(values));
}

/** A matrix in half precision and the same in float32. */
function matricesOf(
  shape: [number, number],
  precision: HalfPrecision,
  isFar: boolean,
): { half: tf.Tensor2D; whole: tf.Tensor2D } {
  const values = valuesOf(shape[0] * shape[1], precision);
  const output = backend.halfOutput(shape, precision, isFar);
  output.halves.set(precision === 'bfloat16' ? float32ToBfloat16(values) : float32ToFloat16(values));
  output.arrange();
  const half = tf.engine().makeTensorFromTensorInfo(output, backend) as tf.Tensor2D;
  return { half, whole: tf.tensor2d(values, shape) };
}

function isHalf(tensor: tf.Tensor): boolean {
  return backend.placed(tensor).precision !== 'float32';
}

/** Rows, inputs and outputs: fewer outputs than a panel has rows, whole panels, and some over. */
const SHAPES: readonly [number, number, number][] = [[1, 1, 1], [3, 5, 2], [0, 5, 7], [1, 16, 16], [17, 33, 19], [64, 300, 130], [130, 64, 513], [145, 64, 513], [149, 35, 7]]; // prettier-ignore
/** One that is cut in columns and in depth, whichever way the matrix is read. */
const CUT: [number, number, number][] = [
  [145, 4200, 530],
  [145, 530, 4200],
];

/** Σ a[i]·b[i] in double precision. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
}

const kinds = precisions.flatMap((precision) => [false, true].map((isFar) => ({ precision, isFar })));

for (const { precision, isFar } of kinds) {
  const matrices = (shape: [number, number]): ReturnType<typeof matricesOf> => matricesOf(shape, precision, isFar);
  const usedBytes = (): number => backend.shared.heap.usedBytes + backend.shared.far.usedBytes;

  describe(`a matrix in ${precision}${isFar ? ', far' : ''}`, () => {
    it('gives the products that it gives in float32, bit for bit, in any shape', () => {
      for (const [rows, inputs, outputs] of SHAPES) {
        const { half, whole } = matrices([outputs, inputs]);
        const x = tf.randomNormal<tf.Rank.R2>([rows, inputs], 0, 1, 'float32', 1);
        const dy = tf.randomNormal<tf.Rank.R2>([rows, outputs], 0, 1, 'float32', 2);
        const bias = tf.randomNormal<tf.Rank.R1>([outputs], 0, 1, 'float32', 3);
        assert.deepEqual(linear(x, half, bias).dataSync(), linear(x, whole, bias).dataSync());
        const [actual, expected] = [half, whole].map((w) => tf.matMul(dy, w).dataSync());
        for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-4);
        assert.ok(isHalf(half), 'the products left it as it was');
        tf.dispose([half, whole, x, dy, bias]);
      }
    });

    if (!isFar)
      it('gives them too where a product is cut into parts, and as double precision has them', () => {
        for (const [rows, inputs, outputs] of CUT) {
          const { half, whole } = matrices([outputs, inputs]);
          const x = tf.randomNormal<tf.Rank.R2>([rows, inputs], 0, 1, 'float32', 1);
          const dy = tf.randomNormal<tf.Rank.R2>([rows, outputs], 0, 1, 'float32', 2);
          const [y, dx] = [tf.matMul(x, half, false, true), tf.matMul(dy, half)];
          assert.deepEqual(y.dataSync(), tf.matMul(x, whole, false, true).dataSync());
          assert.deepEqual(dx.dataSync(), tf.matMul(dy, whole).dataSync());
          const values = whole.dataSync();
          const [n, k, row] = [outputs - 1, inputs - 3, rows - 2];
          const [left, right] = [x, dy].map((matrix) => tf.slice(matrix, [row, 0], [1, -1]).dataSync());
          const forward = dot(left, values.subarray(n * inputs, (n + 1) * inputs));
          const backward = dot(
            right,
            Array.from({ length: outputs }, (_, i) => values[i * inputs + k]),
          );
          assert.ok(Math.abs(y.dataSync()[row * outputs + n] - forward) < 1e-3);
          assert.ok(Math.abs(dx.dataSync()[row * inputs + k] - backward) < 1e-3);
          tf.dispose([half, whole, x, dy, y, dx]);
        }
      });

    it('is itself in another shape, which products then do not take for it', () => {
      const { half, whole } = matrices([6, 20]);
      const x = tf.randomNormal<tf.Rank.R2>([3, 6], 0, 1, 'float32', 1);
      const [actual, expected] = [half, whole].map((w) => tf.matMul(x, tf.reshape(w, [20, 6]), false, true).dataSync());
      assert.deepEqual(actual, expected);
      const other = matrices([6, 20]);
      const batch = tf.reshape(other.half, [1, 6, 20]);
      assert.deepEqual(tf.matMul(x, batch).dataSync(), tf.matMul(x, whole).dataSync());
      assert.ok(isHalf(other.half), 'its rows are the same there');
      tf.dispose([half, whole, x, other, batch]);
    });

    it('gives the rows that are asked for', () => {
      for (const shape of [
        [11, 13],
        [32, 5],
        [83, 40],
      ] as const) {
        const { half, whole } = matrices([...shape]);
        const ids = tf.tensor1d([10, 0, 0, 7, shape[0] - 1], 'int32');
        assert.deepEqual(embed(half, ids).dataSync(), embed(whole, ids).dataSync());
        assert.ok(isHalf(half));
        tf.dispose([half, whole, ids]);
      }
    });

    it('gives the log-probabilities and their gradient as the head of a model', () => {
      const { half, whole } = matrices([40, 16]);
      const hidden = tf.randomNormal<tf.Rank.R2>([9, 16], 0, 1, 'float32', 1);
      const targets = tf.tensor1d([0, 39, 1, 2, 3, 4, 5, 6, 7], 'int32');
      const [actual, expected] = [half, whole].map((head) => {
        const variable = tf.variable(head, false);
        const f = (x: tf.Tensor): tf.Tensor => tokenLogProbs(x as tf.Tensor2D, variable, targets, 0.8);
        return [...f(hidden).dataSync(), ...tf.grad(f)(hidden).dataSync()];
      });
      for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-5);
      assert.ok(isHalf(half));
    });

    it('is read as float32, and becomes it for operations that know no halves', () => {
      for (const shape of [
        [1, 1],
        [5, 33],
        [16, 16],
        [16, 1],
        [45, 24],
        [2100, 513],
      ] as const) {
        const other = matrices([...shape]);
        assert.deepEqual(other.half.dataSync(), other.whole.dataSync());
        tf.dispose([other.half, other.whole]);
      }
      const { half, whole } = matrices([300, 7]);
      assert.deepEqual(half.dataSync(), whole.dataSync());
      assert.ok(isHalf(half), 'reading does not change it');
      const before = usedBytes();
      assert.deepEqual(tf.add(half, 1).dataSync(), tf.add(whole, 1).dataSync());
      assert.ok(!isHalf(half) && usedBytes() > before);
      const other = matrices([300, 7]);
      const { values } = backend.data.get(other.half.dataId) as unknown as { values: Float32Array }; // TensorFlow.js's way
      assert.deepEqual(values.slice(), other.whole.dataSync());
      tf.dispose([half, whole, other]);
    });

    it('takes half of the memory and gives it back', () => {
      const [near, all] = [backend.shared.heap.usedBytes, usedBytes()];
      const { half, whole } = matrices([64, 64]);
      whole.dispose();
      assert.equal(usedBytes() - all, 64 * 64 * 2);
      assert.equal(backend.shared.heap.usedBytes - near, isFar ? 0 : 64 * 64 * 2);
      half.dispose();
      assert.equal(usedBytes(), all);
      const odd = matrices([3, 7]); // takes a whole panel
      tf.dispose([odd.half, odd.whole]);
      assert.equal(usedBytes(), all);
    });
  });

  describe(`a frozen model in ${precision}${isFar ? ', its layers far' : ''}`, () => {
    const config: ModelConfig = { ...TINY, hiddenSize: 24, feedForwardSize: 52 };
    const lora = { rank: 3, alpha: 6, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
    const prompts = [[3, 50, 7], [1]];

    /** The same random model in half precision and in float32, written and read. */
    const models = async (path: string): Promise<ModelWeights[]> => {
      const { parameters } = tinyPolicy(2, config);
      const sources = new Map([...parameters].map(([name, one]) => [name, { shape: one.shape, values: () => one.data<'float32'>() }])); // prettier-ignore
      await writeSafetensors(path, sources, DTYPES[precision]);
      tf.dispose([...parameters.values()]);
      const [frozen, whole] = [new Map<string, tf.Variable>(), new Map<string, tf.Variable>()];
      for await (const tensor of storedTensors(path)) {
        const values = new Float32Array(tensor.size);
        await tensor.readInto(values);
        whole.set(tensor.name, tf.variable(tf.tensor(values, [...tensor.shape]), false));
        frozen.set(tensor.name, await frozenVariable(tensor, isFar && tensor.name.includes('.layers.')));
      }
      return [frozen, whole].map((named) => weightsOf(config, named));
    };

    it('trains adapters by the same gradients, and samples the same tokens', async (test) => {
      const weights = await models(join(temporaryFolder(test), 'model.safetensors'));
      assert.deepEqual(weights.map(({ embedding }) => isHalf(embedding)), [true, false]); // prettier-ignore
      const [halves, whole] = weights.map((base) => {
        const adapters = createAdapters(base, lora, 1);
        for (const { b } of adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.2, 'float32', 3));
        const adapted = withAdapters(base, adapters);
        const parameters = [...adapterParameters(adapters).values()];
        const { grads } = tf.variableGrads(() => {
          const ids = tf.tensor2d([[3, 50, 7, 9, 11]], undefined, 'int32');
          const hidden = hiddenStates(adapted, config, ids, { checkpointing: true });
          const targets = tf.tensor1d([50, 7, 9, 11, 0], 'int32');
          return tf.sum(tokenLogProbs(hidden, adapted.head as tf.Tensor2D, targets, 1));
        }, parameters);
        const gradients = parameters.flatMap(({ name }) => [...grads[name].dataSync()]);
        const decoder = new EmbeddedDecoder(backend, adapted, config, { prompts, copies: 3, maxNewTokens: 4 }, false);
        const first = decoder.prefill(new Float32Array(6).fill(0.4), { temperature: 1 });
        const rows = Int32Array.from({ length: 6 }, (_, row) => row);
        const second = decoder.step(rows, first.tokens, new Float32Array(6).fill(0.6), { temperature: 1 });
        decoder.dispose();
        return { gradients, tokens: [...first.tokens, ...second.tokens], logProbs: [...second.logProbs] };
      });
      assert.deepEqual(halves.tokens, whole.tokens);
      assert.deepEqual(halves.logProbs, whole.logProbs);
      const size = Math.hypot(...whole.gradients);
      const difference = Math.hypot(...whole.gradients.map((value, i) => value - halves.gradients[i]));
      assert.ok(size > 0 && difference <= 1e-6 * size, `${difference} of ${size}`);
      const { weight } = weights[0].layers[1].down;
      assert.ok(isHalf(weights[0].embedding) && isHalf(weight));
      assert.equal(backend.placed(weight).isFar, isFar);
    });

    it('takes adapters into its weights, which then are float32', async (test) => {
      const [frozen, whole] = await models(join(temporaryFolder(test), 'model.safetensors'));
      const [actual, expected] = [frozen, whole].map((base) => {
        const adapters = createAdapters(base, lora, 1);
        for (const { b } of adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.2, 'float32', 3));
        const adapted = withAdapters(base, adapters);
        mergeAdapters(adapted);
        return withoutAdapters(adapted).layers[1].gate.weight.dataSync();
      });
      assert.deepEqual(actual, expected);
    });

    it('gives its values with an adapter added, and stays as it is', async (test) => {
      const [frozen] = await models(join(temporaryFolder(test), 'model.safetensors'));
      const adapters = createAdapters(frozen, lora, 1);
      for (const { b } of adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.2, 'float32', 3));
      const adapted = withAdapters(frozen, adapters);
      const { weight, adapter } = adapted.layers[1].gate;
      const values = await mergedValues(weight, adapter!);
      assert.ok(isHalf(weight));
      mergeAdapters(adapted);
      assert.deepEqual(values, weight.dataSync<'float32'>());
    });

    it('keeps a matrix with an infinite value in float32', async (test) => {
      const path = join(temporaryFolder(test), 'model.safetensors');
      const values = Float32Array.of(1, Infinity, -2, NaN);
      await writeSafetensors(path, new Map([['w', { shape: [2, 2], values: () => values }]]), DTYPES[precision]);
      for await (const tensor of storedTensors(path)) {
        const variable = await frozenVariable(tensor, isFar);
        assert.ok(!isHalf(variable));
        assert.deepEqual(variable.dataSync<'float32'>(), values);
      }
    });
  });
}

describe('every build of the kernels', () => {
  it('reads halves as what they are, though panels have other sizes', async () => {
    for (const variant of variantNames) {
      backend = await activateEmbedded({ threads: 2, variant });
      for (const { precision, isFar } of kinds) {
        const { half, whole } = matricesOf([45, 37], precision, isFar);
        assert.deepEqual(half.dataSync(), whole.dataSync());
        const ids = tf.tensor1d([44, 7, 8, 15, 16], 'int32');
        assert.deepEqual(embed(half, ids).dataSync(), embed(whole, ids).dataSync());
        const bias = tf.randomNormal<tf.Rank.R1>([45], 0, 1, 'float32', 3);
        for (const rows of [1, 2, 3, 4, 5, 6, 7, 149]) {
          const x = tf.randomNormal<tf.Rank.R2>([rows, 37], 0, 1, 'float32', 1);
          assert.deepEqual(linear(x, half, bias).dataSync(), linear(x, whole, bias).dataSync());
        }
        const dy = tf.randomNormal<tf.Rank.R2>([149, 45], 0, 1, 'float32', 2);
        assert.deepEqual(tf.matMul(dy, half).dataSync(), tf.matMul(dy, whole).dataSync());
        assert.ok(isHalf(half));
      }
    }
  });
});

describe('the far memory', () => {
  it('says so where the machine has no room, and goes on', () => {
    const { far } = backend.shared;
    const before = far.usedBytes;
    assert.throws(() => far.allocate(2 ** 46), { name: 'UserError', message: /weights do not fit: 0\.0 GiB of them/ });
    far.free(far.allocate(1));
    assert.equal(far.usedBytes, before);
  });
});
