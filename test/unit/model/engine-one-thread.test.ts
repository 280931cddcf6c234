/** @file The embedded engine without helpers: the same numbers as with them, and no more memory than it asked for. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDecoder, type EmbeddedDecoder } from '../../../src/model/engine/decoder.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import type { ModelConfig } from '../../../src/model/weights.ts';
import { randomWeights } from '../../bench/model.ts';

const CONFIG: ModelConfig = {
  hiddenSize: 64,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 16,
  feedForwardSize: 96,
  vocabularySize: 128,
  ropeTheta: 10000,
  rmsNormEpsilon: 1e-6,
  tiedEmbeddings: true,
  maxPositions: 64,
};
/** Far more rows than a chunk has. */
const ROWS = 512;
const SAMPLING = { temperature: 1 };

const rows = Int32Array.from({ length: ROWS }, (_, row) => row);
const uniforms = (step: number): Float32Array => Float32Array.from(rows, (row) => ((row * 31 + step * 17) % 101) / 101);

/** Tokens of three steps; `between` is called before the last, when all scratch that is needed is there. */
function decode(decoder: EmbeddedDecoder, between: () => void = () => undefined): Int32Array[] {
  const found = [decoder.prefill(uniforms(0), SAMPLING)];
  found.push(decoder.step(rows, found[0].tokens, uniforms(1), SAMPLING));
  between();
  found.push(decoder.step(rows, found[1].tokens, uniforms(2), SAMPLING));
  decoder.dispose();
  return found.map(({ tokens }) => tokens);
}

describe('generation on one thread', () => {
  it('is that on two, and leaves what lies behind its scratch alone', async () => {
    const found: Int32Array[][] = [];
    for (const threads of [2, 1]) {
      const backend = await activateEmbedded({ threads });
      const { heap } = backend.shared;
      const decoder = createDecoder(randomWeights(CONFIG), CONFIG, { prompts: [[1, 2, 3]], copies: ROWS, maxNewTokens: 3 })!; // prettier-ignore
      let guard = 0;
      const words = 1 << 20;
      found.push(
        decode(decoder, () => {
          guard = heap.allocate(words * 4);
          backend.shared.ints(guard, words).fill(7);
        }),
      );
      assert.ok(
        backend.shared.ints(guard, words).every((word) => word === 7),
        `${threads} threads`,
      );
      tf.disposeVariables();
      backend.dispose();
    }
    assert.deepEqual(found[1], found[0]);
  });
});

describe('products on one thread', () => {
  it('have the bits of those on two and three, whichever way they are cut', async () => {
    const found: (Float32Array | Int32Array | Uint8Array)[][] = [];
    for (const threads of [1, 2, 3]) {
      const backend = await activateEmbedded({ threads });
      const [x, dy, weight] = [
        tf.randomNormal<tf.Rank.R2>([1500, 70], 0, 1, 'float32', 1),
        tf.randomNormal<tf.Rank.R2>([1500, 330], 0, 1, 'float32', 2),
        tf.randomNormal<tf.Rank.R2>([330, 70], 0, 1, 'float32', 3),
      ];
      const few = tf.slice(x, [0, 0], [100, -1]);
      const products = [
        tf.matMul(x, weight, false, true), // blocks of rows
        tf.matMul(few, weight, false, true), // few rows
        tf.matMul(dy, x, true), // parts of the steps
      ];
      found.push(products.map((product) => product.dataSync()));
      tf.dispose([x, dy, weight, few, ...products]);
      backend.dispose();
    }
    assert.deepEqual(found[1], found[0]);
    assert.deepEqual(found[2], found[0]);
  });
});
