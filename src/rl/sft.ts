/**
 * @file Supervised steps: raise the log-probability of given completions, never that of the prompt. The baseline of the paper
 * learnt its prompts too, which costs a model what it knew; that is a departure. Pre-training of the starter uses it too.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../model/adamw.ts';
import type { Policy } from '../model/policy.ts';
import { gradientBatches, type GradientSettings } from './gradient-batches.ts';
import type { LossSums } from './grpo.ts';
import { optimizerStep, type OptimizerSettings } from './optimizer-step.ts';
import { predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';
import { dropping } from './update.ts';

export type SupervisedSettings = OptimizerSettings & GradientSettings;

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
  const { batches: micro, checkpointing } = gradientBatches(sequences, policy.config, settings);
  const batches = micro.map((batch) => tokenBatch(batch));
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
