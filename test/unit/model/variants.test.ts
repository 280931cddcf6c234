import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createAdamW, disposeAdamW } from '../../../src/model/adamw.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import type { VariantName } from '../../../src/model/engine/variants.ts';
import { disposePolicy, type Policy } from '../../../src/model/policy.ts';
import { rngFrom } from '../../../src/base/rng.ts';
import { generate } from '../../../src/model/generate.ts';
import { sftStep } from '../../../src/rl/sft.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

/** Bigger than the kernels' tiles in every direction, and odd. */
const CONFIG = {
  hiddenSize: 72,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 12,
  feedForwardSize: 130,
  vocabularySize: 301,
  ropeTheta: 10_000,
  rmsNormEpsilon: 1e-6,
  tiedEmbeddings: true,
  maxPositions: 64,
};

describe('the builds of the kernels', () => {
  after(() => {
    tf.disposeVariables();
  });

  const trainedBits = async (variant: VariantName, threads: number): Promise<Uint32Array> => {
    await activateEmbedded({ variant, threads });
    const policy: Policy = tinyPolicy(1, CONFIG);
    const optimizer = createAdamW([...policy.parameters.values()]);
    const rng = rngFrom(3, 'sequences');
    const sequence = (length: number): number[] => Array.from({ length }, () => rng.below(CONFIG.vocabularySize));
    const sequences = Array.from({ length: 7 }, (_, i) => ({ promptIds: sequence(3 + i), tokens: sequence(9) }));
    const settings = {
      learningRate: 0.01,
      weightDecay: 0.1,
      maxGradNorm: 1,
      microBatchTokens: 60,
      checkpointing: 'auto',
    } as const;
    for (let step = 0; step < 3; step++) {
      await sftStep(policy, optimizer, sequences, settings, () => Promise.resolve());
    }
    const completions = await generate(policy.weights, policy.config, {
      prompts: sequences.map(({ promptIds }) => promptIds),
      copies: 3,
      maxNewTokens: 8,
      sampling: { temperature: 1 },
      endIds: [],
      rng: (prompt, copy) => rngFrom(5, prompt, copy),
      turn: () => Promise.resolve(),
    });
    const weights = await Promise.all([...policy.parameters.values()].map(async (p) => [...(await p.data())]));
    const values = [...weights.flat(), ...completions.flatMap(({ logProbs }) => logProbs)];
    disposeAdamW(optimizer);
    disposePolicy(policy);
    return new Uint32Array(Float32Array.from(values).buffer);
  };

  it('give the same bits, wide or relaxed, on one thread or two: the faster may be taken by timing', async () => {
    const expected = await trainedBits('relaxed', 1);
    for (const [variant, threads] of [
      ['relaxed', 2],
      ['wide', 1],
      ['wide', 2],
    ] as const) {
      assert.deepEqual(await trainedBits(variant, threads), expected, `${variant}, ${threads} threads`);
    }
  });
});
