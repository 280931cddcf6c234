/** @file Supervised steps: raise the log-probability of given completions. Pre-training of the starter uses it too. */
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../model/adamw.ts';
import type { Policy } from '../model/policy.ts';
import type { LossSums } from './grpo.ts';
import { optimizerStep, type OptimizerSettings } from './optimizer-step.ts';
import { microBatches, predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';

/** One optimizer step on the mean cross-entropy of the completions' tokens. Loss in nats per token. */
export async function sftStep(
  policy: Policy,
  optimizer: AdamWState,
  sequences: readonly TokenSequence[],
  settings: OptimizerSettings & { readonly microBatchTokens: number },
  turn: () => Promise<void>,
): Promise<{ readonly loss: number; readonly gradNorm: number }> {
  const tokens = sequences.reduce((sum, sequence) => sum + sequence.tokens.length, 0);
  const batches = microBatches(sequences, settings.microBatchTokens).map(tokenBatch);
  const sumsOf = (batch: TokenBatch): LossSums =>
    tf.tidy(() => {
      const [logProbs] = tf.unstack(predict(policy, batch, 1), 1);
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
