import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { adamW, clipScale, createAdamW, disposeAdamW, globalNorm } from '../../../src/model/adamw.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { decodeAttention, KeyValueCache } from '../../../src/model/key-value-cache.ts';
import { causalAttention } from '../../../src/model/ops.ts';
import { sampleRows } from '../../../src/model/sample-tokens.ts';
import { composedTokenLogProbs } from '../../../src/model/token-log-probs.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { assertClose, checkCase, opCases } from './op-cases.ts';

before(async () => {
  await selectBackend(enginesUnderTest('cpu')[0]);
});

describe('composed operations', () => {
  for (const opCase of opCases) {
    it(`${opCase.name} agrees with float64 loops and their finite differences`, () => {
      checkCase(opCase);
    });
  }

  it('token log-probabilities and gradients do not depend on the size of the chunks', () => {
    tf.tidy(() => {
      const hidden = tf.randomNormal<tf.Rank.R2>([7, 4], 0, 1, 'float32', 1);
      const head = tf.randomNormal<tf.Rank.R2>([9, 4], 0, 1, 'float32', 2);
      const targets = tf.tensor1d([0, 8, 3, 3, 1, 7, 2], 'int32');
      const both = [2, 100].map((rows) =>
        tf.grads((h, w) => composedTokenLogProbs(h as tf.Tensor2D, w as tf.Tensor2D, targets, 1.3, rows))([
          hidden,
          head,
        ]),
      );
      for (const i of [0, 1]) assertClose(both[0][i].dataSync(), both[1][i].dataSync(), 1e-6, `gradient ${i}`);
    });
  });

  it('token log-probabilities of a frozen head have a gradient for the hidden states alone', () => {
    const before = tf.memory().numTensors;
    const head = tf.variable(
      tf.tensor2d([
        [1, 2],
        [3, 4],
        [0, 1],
      ]),
      false,
    );
    const hidden = tf.variable(tf.tensor2d([[0.5, -1]]));
    const targets = tf.tensor1d([1], 'int32');
    const { value, grads } = tf.variableGrads(() => tf.sum(composedTokenLogProbs(hidden, head, targets, 1)));
    assert.deepEqual(Object.keys(grads), [hidden.name]);
    tf.dispose([head, hidden, targets, value, grads]);
    assert.ok(tf.memory().numTensors <= before + 2); // the two initial values
  });
});

describe('decodeAttention', () => {
  it('token by token gives what causal attention gives at once, after prompt, sharing and leaving', () => {
    const before = tf.memory().numTensors;
    const [prompt, total] = [3, 6];
    const shapes = [4, 2, 2].map((heads): [number, number, number, number] => [2, total, heads, 6]);
    const [q, k, v] = shapes.map((shape, i) => tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', i + 1));
    const expected = causalAttention(q, k, v);
    const cache = KeyValueCache.create({ layers: 1, rows: 2, maxLength: total, keyValueHeads: 2, headSize: 6 });
    const from = (x: tf.Tensor4D, row: number, t: number): tf.Tensor3D =>
      tf.squeeze(tf.slice(x, [row, t, 0, 0], [1, 1, -1, -1]), [1]);
    tf.tidy(() => {
      cache.writePrompt(0, tf.slice(k, 0, [2, prompt, 2, 6]), tf.slice(v, 0, [2, prompt, 2, 6]));
    });
    cache.select([1, 0, 1]);
    let members = [1, 0, 1];
    for (let t = prompt; t < total; t++) {
      if (t === total - 1) cache.select([1, 2]);
      if (t === total - 1) members = [0, 1];
      tf.tidy(() => {
        const [qt, kt, vt] = [q, k, v].map((x) =>
          tf.concat(
            members.map((row) => from(x, row, t)),
            0,
          ),
        );
        const mixed = decodeAttention(qt, kt, vt, cache, 0, new Int32Array(members.length).fill(t));
        const wanted = tf.concat(
          members.map((row) => from(expected, row, t)),
          0,
        );
        assertClose(mixed.dataSync(), wanted.dataSync(), 1e-5, `position ${t}`);
      });
    }
    assert.equal(cache.rows, 2);
    cache.dispose();
    tf.dispose([q, k, v, expected]);
    assert.equal(tf.memory().numTensors, before);
  });

  it('lets every row be at its own position', () => {
    tf.tidy(() => {
      const cache = KeyValueCache.create({ layers: 1, rows: 2, maxLength: 3, keyValueHeads: 1, headSize: 1 });
      const ones = tf.ones<tf.Rank.R3>([2, 1, 1]);
      const values = (a: number, b: number): tf.Tensor3D => tf.tensor3d([a, b], [2, 1, 1]);
      decodeAttention(ones, ones, values(2, 4), cache, 0, Int32Array.of(0, 0));
      const mixed = decodeAttention(ones, ones, values(6, 8), cache, 0, Int32Array.of(1, 0));
      assertClose(mixed.dataSync(), [4, 8], 1e-6, 'row 0 averages two values, row 1 sees only its own');
      cache.dispose();
    });
  });
});

describe('sampleRows', () => {
  const logits = Float32Array.from([Math.log(0.5), Math.log(0.3), Math.log(0.2)]);
  const draw = (uniform: number, options: Parameters<typeof sampleRows>[3]): ReturnType<typeof sampleRows> =>
    sampleRows(logits, 3, Float32Array.of(uniform), options);

  it('walks the cumulative distribution', () => {
    const tokens = [0, 0.49, 0.51, 0.79, 0.81, 0.999].map((uniform) => draw(uniform, { temperature: 1 }).tokens[0]);
    assert.deepEqual(tokens, [0, 0, 1, 1, 2, 2]);
  });

  it('reports both log-probabilities when top-k truncates', () => {
    const sampled = draw(0.7, { temperature: 1, topK: 2 });
    assert.equal(sampled.tokens[0], 1);
    assertClose(sampled.logProbs, [Math.log(0.3)], 1e-6, 'untruncated');
    assertClose(sampled.samplingLogProbs, [Math.log(0.3 / 0.8)], 1e-6, 'truncated');
  });

  it('keeps the smallest nucleus that reaches top-p', () => {
    assert.equal(draw(0.999, { temperature: 1, topP: 0.5 }).tokens[0], 0);
    assert.equal(draw(0.999, { temperature: 1, topP: 0.6 }).tokens[0], 1);
  });

  it('is greedy at temperature 0 and takes the first among equals', () => {
    const sampled = sampleRows(Float32Array.of(1, 3, 3, 0), 4, Float32Array.of(0.99), { temperature: 0 });
    assert.equal(sampled.tokens[0], 1);
    assert.equal(sampled.samplingLogProbs[0], 0);
  });

  it('sharpens with a low temperature', () => {
    assertClose(draw(0, { temperature: 0.5 }).logProbs, [Math.log(0.25 / (0.25 + 0.09 + 0.04))], 1e-6, 'p² normalised');
  });
});

describe('adamW', () => {
  it('follows the published update, decays matrices and leaves vectors', () => {
    const matrix = tf.variable(tf.tensor2d([[1, -2]]));
    const vector = tf.variable(tf.tensor1d([3]));
    const gradients = [tf.tensor2d([[0.5, 0.25]]), tf.tensor1d([-1])];
    const state = createAdamW([matrix, vector]);
    const options = { learningRate: 0.1, weightDecay: 0.5, beta1: 0.9, beta2: 0.99, epsilon: 0, gradientScale: 2 };
    adamW([matrix, vector], gradients, state, options);
    // In the first step the bias-corrected ratio is the gradient's sign.
    assertClose(matrix.dataSync(), [1 * 0.95 - 0.1, -2 * 0.95 - 0.1], 1e-6, 'matrix');
    assertClose(vector.dataSync(), [3.1], 1e-6, 'vector');
    assertClose(state.first[0].dataSync(), [0.1, 0.05], 1e-6, 'first moment');
    assertClose(state.second[0].dataSync(), [0.01, 0.0025], 1e-6, 'second moment');
    tf.dispose([matrix, vector, ...gradients]);
    disposeAdamW(state);
  });

  it('measures and clips the global norm', () => {
    const norm = tf.tidy(() => globalNorm([tf.tensor1d([3]), tf.tensor2d([[0, 4]])]).dataSync()[0]);
    assert.equal(norm, 5);
    assert.equal(clipScale(norm, 1), 0.2);
    assert.equal(clipScale(0.5, 1), 1);
  });
});
