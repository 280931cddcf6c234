import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { variantNames } from '../../../src/model/engine/variants.ts';
import {
  adaptedLinearCase,
  adaptedLinearsCase,
  attentionCase,
  checkCase,
  emptyCases,
  embedCase,
  frozenLogProbsCase,
  branchedNormCase,
  linearCase,
  linearsCase,
  opCases,
  randomCases,
  rmsNormCase,
  rotaryCase,
  swigluCase,
  tokenLogProbsCase,
  valueAndGradients,
  type OpCase,
} from './op-cases.ts';

/** Large enough for several chunks and blocks in every direction, and odd. */
const largeCases: readonly OpCase[] = [
  linearCase(301, 277, 131, true),
  linearCase(3, 600, 1025, false),
  linearsCase(301, 277, [131, 64], true),
  adaptedLinearCase(150, 70, 131, 9, true),
  adaptedLinearsCase(150, 70, [131, 64], 9),
  rmsNormCase(700, 33),
  branchedNormCase(700, 33),
  rotaryCase(900, 3, 10),
  attentionCase(2, 131, 6, 2, 12),
  attentionCase(2, 131, 6, 2, 12, 40),
  swigluCase(211, 179),
  embedCase(
    97,
    41,
    Array.from({ length: 1000 }, (_, i) => (i * 31) % 97),
  ),
  tokenLogProbsCase(67, 31, 517, 0.8),
  tokenLogProbsCase(2100, 2, 2203, 0.8), // in three parts of the vocabulary
  frozenLogProbsCase(2100, 2, 2203, 0.8),
];

let backend: EmbeddedBackend | undefined;

after(() => {
  backend?.dispose();
});

for (const variant of variantNames) {
  describe(`fused operations, ${variant} kernels`, () => {
    for (const opCase of opCases) {
      it(`${opCase.name} agrees with float64 loops and their finite differences`, async () => {
        backend = await activateEmbedded({ variant, threads: 2 });
        const before = backend.shared.heap.usedBytes;
        checkCase(opCase);
        checkCase(opCase);
        assert.ok(backend.shared.heap.usedBytes - before < 1 << 20, 'only scratch stays allocated');
      });
    }
  });
}

describe('threads', () => {
  for (const opCase of largeCases) {
    it(`${opCase.name} has the same bits with 1, 2 and 3 threads, and the composed form's values`, async () => {
      const [one, two, three] = [await bitsWith(1, opCase), await bitsWith(2, opCase), await bitsWith(3, opCase)];
      assert.deepEqual(two, one);
      assert.deepEqual(three, one);
      const reference = await composed(opCase);
      for (const [i, values] of one.entries()) {
        const scale = reference[i].reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
        const worst = values.reduce((max, value, j) => Math.max(max, Math.abs(value - reference[i][j])), 0);
        assert.ok(worst <= 2e-5 * scale, `result ${i} differs by ${worst}`);
      }
    });
  }
});

describe('addresses above 2 GiB', () => {
  it('work like all others', async () => {
    backend = await activateEmbedded({ threads: 2 });
    const filler = backend.shared.heap.allocate(2 ** 31); // never touched, so the system gives no memory for it
    for (const opCase of [...opCases, linearCase(7, 270, 9, true)]) {
      const inputs = backend.shared.heap.allocate(64);
      assert.ok(inputs > 2 ** 31);
      backend.shared.heap.free(inputs);
      checkCase(opCase);
    }
    backend.shared.heap.free(filler);
  });
});

describe('fused operations of shapes that nobody chose', () => {
  for (const opCase of [...emptyCases, ...randomCases()]) {
    it(`${opCase.name} agrees with float64 loops and their finite differences`, async () => {
      backend = await activateEmbedded({ threads: 2 });
      checkCase(opCase);
    });
  }
});

async function bitsWith(threads: number, opCase: OpCase): Promise<Float32Array[]> {
  backend = await activateEmbedded({ threads });
  return valueAndGradients(opCase);
}

async function composed(opCase: OpCase): Promise<Float32Array[]> {
  await tf.setBackend('cpu');
  return valueAndGradients(opCase);
}
