import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { createAdamW } from '../../../src/model/adamw.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { generate } from '../../../src/model/generate.ts';
import { LORA_TARGETS } from '../../../src/model/lora.ts';
import {
  estimateMemory,
  mostKeptTokens,
  type MemoryPhase,
  type MemoryPlan,
} from '../../../src/model/memory-estimate.ts';
import { addLora, type Policy } from '../../../src/model/policy.ts';
import type { ModelConfig } from '../../../src/model/weights.ts';
import { logProbsOf } from '../../../src/rl/log-probs.ts';
import { type ScoredSequence, updatePolicy } from '../../../src/rl/update.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';
import { UPDATE } from '../../fixtures/update-settings.ts';

let backend: EmbeddedBackend;
before(async () => {
  backend = await activateEmbedded({ threads: 2 });
});
after(() => {
  backend.dispose();
});

const deep: ModelConfig = {
  ...TINY,
  hiddenSize: 128,
  layers: 12,
  heads: 8,
  keyValueHeads: 2,
  headSize: 16,
  feedForwardSize: 640,
  vocabularySize: 4096,
  maxPositions: 512,
};
/** Most of it is the vocabulary, as in small models of today. */
const broad: ModelConfig = { ...deep, layers: 3, vocabularySize: 40_000, hiddenSize: 160, queryKeyNorm: true };
const untied: ModelConfig = { ...deep, tiedEmbeddings: false };
const LORA = { rank: 8, alpha: 16, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
const SHAPE = {
  prompts: 8,
  evaluated: 64,
  groupSize: 4,
  promptTokens: 90,
  newTokens: 30,
  microBatchTokens: 960,
} as const;

const noTurn = (): Promise<void> => Promise.resolve();

/** The most that some work takes beyond what was there. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const { heap } = backend.shared;
  const standing = heap.usedBytes;
  heap.forgetPeak();
  await work();
  return heap.peakBytes - standing;
}

async function measured(
  policy: Policy,
  plan: MemoryPlan,
): Promise<{ rollout: number; scoring: number; update: number }> {
  const rng = rngFrom(1, 'prompts');
  const ids = (count: number): number[] =>
    Array.from({ length: count }, () => 1 + rng.below(plan.config.vocabularySize - 1));
  const prompts = Array.from({ length: plan.prompts }, () => ids(plan.promptTokens));
  const sequences = prompts.flatMap((promptIds) =>
    Array.from({ length: plan.groupSize }, (_, i): ScoredSequence => {
      const logProbs = Array.from({ length: plan.newTokens }, () => -8);
      const tokens = ids(plan.newTokens);
      return { promptIds, tokens, logProbs, samplingLogProbs: logProbs, reference: logProbs, advantage: i - 1.5 };
    }),
  );
  const settings = { ...UPDATE, microBatchTokens: plan.microBatchTokens, checkpointing: plan.checkpointing };
  const optimizer = createAdamW([...policy.parameters.values()]);
  // What JavaScript made moves into the engine's memory when it is first read.
  const standing = [...policy.parameters.values(), ...(policy.lora?.frozen.values() ?? [])];
  for (const one of [...standing, ...optimizer.first, ...optimizer.second]) backend.address(one);
  const sampled = (count: number, copies: number): Promise<number> =>
    peakOf(() =>
      generate(policy.weights, policy.config, {
        prompts: Array.from({ length: count }, (_, i) => prompts[i % prompts.length]),
        copies,
        maxNewTokens: plan.newTokens,
        sampling: { temperature: 1 },
        endIds: [],
        rng: () => rngFrom(1, 'sampling'),
        turn: noTurn,
      }),
    );
  const rollout = Math.max(await sampled(plan.prompts, plan.groupSize), await sampled(64, 1)); // an evaluation decodes 64
  const scoring = await peakOf(() => logProbsOf(policy, sequences, settings, noTurn));
  const update = await peakOf(() => updatePolicy(policy, optimizer, sequences, settings, { seed: 1, step: 1 }, noTurn));
  tf.dispose([...optimizer.first, ...optimizer.second]);
  return { rollout, scoring, update };
}

describe('estimateMemory', () => {
  for (const [name, config] of Object.entries({ deep, broad, untied })) {
    for (const isAdapted of [true, false]) {
      for (const checkpointing of ['on', 'off'] as const) {
        const what = `${name}, ${isAdapted ? 'adapters' : 'every weight'}, checkpointing ${checkpointing}`;
        it(`is what the engine takes, to a tenth: ${what}`, async () => {
          const plan: MemoryPlan = { ...SHAPE, config, isHalf: false, checkpointing, ...(isAdapted && { lora: LORA }) };
          const start = tinyPolicy(1, config);
          const policy = isAdapted ? addLora(start, LORA, 1, { dir: '', sha256: '' }) : start;
          const expected = estimateMemory(plan);
          const actual = await measured(policy, plan);
          for (const [phase, bytes] of Object.entries(actual)) {
            const ratio = expected.phaseBytes[phase as MemoryPhase] / bytes;
            assert.ok(ratio > 0.88 && ratio < 1.14, `${phase}: ${ratio} times ${bytes} bytes`);
          }
          tf.dispose([...start.parameters.values(), ...policy.parameters.values()]);
        });
      }
    }
  }

  it('counts weights that stay as they are in the precision of their file, and what trains twice more', () => {
    const plan: MemoryPlan = { ...SHAPE, config: deep, isHalf: true, checkpointing: 'on' };
    // Of TINY's family: embedding, then 12 layers of q, k, v, o, gate, up, down, biases of q, k, v, two norms; one norm.
    const matrices = 4096 * 128 + 12 * (128 * (128 + 32 + 32) + 128 * 128 + 3 * 128 * 640);
    const vectors = 12 * (128 + 32 + 32 + 2 * 128) + 128;
    const whole = estimateMemory(plan);
    assert.equal(whole.parameters, matrices + vectors);
    assert.equal(whole.weightBytes, 4 * (matrices + vectors));
    assert.equal(whole.referenceBytes, 2 * matrices + 4 * vectors);
    assert.equal(whole.optimizerBytes, 8 * (matrices + vectors));
    const adapted = estimateMemory({ ...plan, lora: { rank: 8, targets: ['q_proj', 'down_proj'] } });
    assert.equal(adapted.trained, 12 * 8 * (128 + 128 + 640 + 128));
    assert.equal(adapted.weightBytes, 2 * matrices + 4 * vectors + 4 * adapted.trained);
    assert.equal(adapted.referenceBytes, 0);
    assert.equal(
      adapted.peakBytes - adapted.phaseBytes[adapted.largest],
      adapted.weightBytes + adapted.optimizerBytes + 2 ** 23,
    );
  });

  it('leaves frozen layers of more than a gigabyte outside the memory of the kernels', () => {
    // The shape of Qwen2.5-3B.
    const config: ModelConfig = {
      ...TINY,
      hiddenSize: 2048,
      layers: 36,
      heads: 16,
      keyValueHeads: 2,
      headSize: 128,
      feedForwardSize: 11_008,
      vocabularySize: 151_936,
      tiedEmbeddings: true,
      maxPositions: 32_768,
    };
    const plan: MemoryPlan = { ...SHAPE, config, lora: LORA, isHalf: true, checkpointing: 'on' };
    const layer = 2048 * (2048 + 256 + 256) + 2048 * 2048 + 3 * 2048 * 11_008;
    const { farBytes, peakBytes } = estimateMemory(plan);
    assert.equal(farBytes, 2 * 36 * layer);
    assert.ok(peakBytes > farBytes && peakBytes - farBytes < 2.5e9, `${peakBytes - farBytes} bytes are near`);
    assert.equal(estimateMemory({ ...plan, isHalf: false }).farBytes, 0, 'what float32 would be is not kept so');
    assert.equal(estimateMemory({ ...plan, config: deep }).farBytes, 0);
  });

  it('counts for auto what fits into its bound or, for prompts that do not, the larger of what it may come to', () => {
    const most = mostKeptTokens(deep);
    const update = (checkpointing: MemoryPlan['checkpointing'], microBatchTokens: number, promptTokens = 90): number =>
      estimateMemory({ ...SHAPE, prompts: 10_000, config: deep, isHalf: false, microBatchTokens, promptTokens, checkpointing }).phaseBytes.update; // prettier-ignore
    assert.equal(update('auto', most), update('off', most));
    assert.equal(update('auto', most + 1), update('off', most));
    assert.equal(update('auto', 100 * most), update('on', 100 * most));
    assert.equal(update('auto', 2 * most, most), update('off', most, most - SHAPE.newTokens));
  });
});
