/**
 * @file Supervised steps: raise the log-probability of given completions, never that of the prompt. The baseline of the paper
 * learnt its prompts too, which costs a model what it knew; that is a departure. Pre-training of the starter uses it too.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../model/adamw.ts';
import type { Policy } from '../model/policy.ts';
import type { Checkpointing } from './choices.ts';
import type { LossSums } from './grpo.ts';
import { optimizerStep, type OptimizerSettings } from './optimizer-step.ts';
import { microBatches, predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';
import { dropping, isCheckpointed } from './update.ts';

export interface SupervisedSettings extends OptimizerSettings {
  readonly microBatchTokens: number;
  readonly checkpointing: Checkpointing;
}

/** One optimizer step on the mean cross-entropy of the completions' tokens. Loss in nats per token. */
export async function sftStep(
  policy: Policy,
  optimizer: AdamWState,
  sequences: readonly TokenSequence[],
  settings: SupervisedSettings,
  turn: () => Promise<void>,
  random: { readonly seed: number; readonly step: number } = { seed: 0, step: 0 },
): Promise<{ readonly loss: number; readonly gradNorm: number }> {
  const tokens = sequences.reduce((sum, sequence) => sum + sequence.tokens.length, 0);
  const checkpointing = isCheckpointed(policy.config, settings);
  const batches = microBatches(sequences, settings.microBatchTokens).map((batch) => tokenBatch(batch));
  const sumsOf = (batch: TokenBatch): LossSums =>
    tf.tidy(() => {
      const learner = dropping(policy, random.seed, random.step, batches.indexOf(batch));
      const [logProbs] = tf.unstack(predict(learner, batch, 1, { checkpointing }), 1);
      return { loss: tf.neg(tf.sum(logProbs)), statistics: tf.tensor1d([]) };
    });
  try {
    const per = { tokens, loss: tokens };
    const { loss, gradNorm } = await optimizerStep(policy, optimizer, batches, sumsOf, per, settings, turn);
    return { loss, gradNorm };
  } finally {
    for (const batch of batches) tf.dispose(Object.values(batch));
  }
}
