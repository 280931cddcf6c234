/** @file Log-probabilities that a policy gives to tokens that were sampled already. */
import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../model/policy.ts';
import { sharesPrompts } from '../model/weights.ts';
import { microBatches, predict, tokenBatch, type TokenSequence } from './token-batch.ts';

/** Of each token of each sequence, in their order, by passes of `microBatchTokens` padded tokens. */
export async function logProbsOf(
  policy: Policy,
  sequences: readonly TokenSequence[],
  settings: { readonly temperature: number; readonly microBatchTokens: number },
  turn: () => Promise<void>,
): Promise<number[][]> {
  const found: number[][] = [];
  const placed = sequences.map(({ promptIds, tokens }, place) => ({ promptIds, tokens, place }));
  for (const micro of microBatches(placed, settings.microBatchTokens, sharesPrompts(policy.config))) {
    const values = await flatLogProbs(policy, micro, settings.temperature);
    let next = 0;
    for (const { tokens, place } of micro) found[place] = values.slice(next, (next += tokens.length));
    await turn();
  }
  return found;
}

async function flatLogProbs(
  policy: Policy,
  sequences: readonly TokenSequence[],
  temperature: number,
): Promise<number[]> {
  const batch = tokenBatch(sequences, sharesPrompts(policy.config));
  const logProbs = tf.tidy(() => tf.unstack(predict(policy, batch, temperature), 1)[0]);
  try {
    return Array.from((await logProbs.data()) as Float32Array);
  } finally {
    tf.dispose({ ...batch, logProbs });
  }
}
