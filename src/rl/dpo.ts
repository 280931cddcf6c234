/**
 * @file Direct preference optimisation (Rafailov et al., arXiv 2305.18290): from a better and a worse answer to the same
 * query, without a reward in the loop. What is compared is by how much each became likelier than under the start policy.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../model/adamw.ts';
import type { Policy } from '../model/policy.ts';
import { sharesPrompts } from '../model/weights.ts';
import { gradientBatches } from './gradient-batches.ts';
import type { LossSums } from './grpo.ts';
import { logProbsOf } from './log-probs.ts';
import { optimizerStep } from './optimizer-step.ts';
import type { SupervisedSettings } from './sft.ts';
import { perToken, predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';
import { dropping } from './update.ts';

export interface Preference {
  readonly promptIds: readonly number[];
  /** Tokens of the better answer … */
  readonly chosen: readonly number[];
  /** … and of the worse one. */
  readonly rejected: readonly number[];
}

/** P pairs with N tokens in all, both answers of a pair. */
export interface PreferenceTokens {
  /** float32 [N]: of each token under the policy in training. */
  readonly logProbs: tf.Tensor1D;
  /** float32 [N, P]: 1 where the token belongs to the better answer of the pair, −1 where to the worse one. */
  readonly signs: tf.Tensor2D;
  /** float32 [P]: log-probability of the better answer less that of the worse one, under the start policy. */
  readonly reference: tf.Tensor1D;
}

export interface DpoSettings extends SupervisedSettings {
  /** How much a change from the start policy counts: small values let it go far. */
  readonly beta: number;
}

export interface DpoStatistics {
  /** Per pair. */
  readonly loss: number;
  readonly gradNorm: number;
  /** Share of pairs whose better answer gained more over the start policy. */
  readonly accuracy: number;
  /** By how much more, in nats times beta. */
  readonly margin: number;
}

/** Sums over pairs of −log σ(β · margin); watched are how many margins are above 0, and the sum of β · margin. */
export function dpoSums({ logProbs, signs, reference }: PreferenceTokens, beta: number): LossSums {
  return tf.tidy(() => {
    const ours = tf.reshape(tf.matMul(tf.reshape(logProbs, [1, -1]), signs), [-1]); // [P]
    const margin = tf.mul(tf.sub(ours, reference), beta);
    const won = tf.cast(tf.greater(margin, 0), 'float32');
    return {
      loss: tf.sum(tf.softplus(tf.neg(margin))),
      statistics: tf.stack([tf.sum(won), tf.sum(margin)]) as tf.Tensor1D,
    };
  });
}

/** One optimizer step on the mean loss of the pairs. `turn` is awaited between micro-batches and may throw to cancel. */
export async function dpoStep(
  policy: Policy,
  start: Policy,
  optimizer: AdamWState,
  preferences: readonly Preference[],
  settings: DpoSettings,
  random: { readonly seed: number; readonly step: number },
  turn: () => Promise<void>,
): Promise<DpoStatistics> {
  const { batches, checkpointing } = await preferenceBatches(start, preferences, settings, turn);
  const sumsOf = ({ tokens, signs, reference }: PreferenceBatch): LossSums => {
    const place = batches.findIndex((batch) => batch.tokens === tokens);
    const learner = dropping(policy, random.seed, random.step, place);
    const [logProbs] = tf.unstack(predict(learner, tokens, 1, { checkpointing }), 1);
    return dpoSums({ logProbs: logProbs as tf.Tensor1D, signs, reference }, settings.beta);
  };
  const per = { tokens: preferences.length, loss: preferences.length }; // what is watched is per pair too
  try {
    const result = await optimizerStep(policy, optimizer, batches, sumsOf, per, settings, turn);
    const [accuracy, margin] = result.statistics;
    return { loss: result.loss, gradNorm: result.gradNorm, accuracy, margin };
  } finally {
    for (const { tokens, signs, reference } of batches) tf.dispose({ ...tokens, signs, reference });
  }
}

interface PreferenceBatch extends Omit<PreferenceTokens, 'logProbs'> {
  readonly tokens: TokenBatch;
}

async function preferenceBatches(
  start: Policy,
  preferences: readonly Preference[],
  settings: DpoSettings,
  turn: () => Promise<void>,
): Promise<{ readonly batches: PreferenceBatch[]; readonly checkpointing: boolean }> {
  const sequences = preferences.flatMap(answersOf);
  const found = await logProbsOf(start, sequences, { ...settings, temperature: 1 }, turn);
  const sums = found.map((logProbs) => logProbs.reduce((sum, logProb) => sum + logProb, 0));
  // Both answers of a pair go through the model together: after their prompt in one row, or else in two as long as the longer.
  const shares = sharesPrompts(start.config);
  const pairs = preferences.map((pair, i) => {
    const { chosen, rejected } = pair;
    const longer = chosen.length > rejected.length ? chosen : rejected;
    const tokens = shares ? [...chosen, ...rejected] : longer;
    return { ...pair, tokens, reference: sums[2 * i] - sums[2 * i + 1] };
  });
  const { batches, checkpointing } = gradientBatches(pairs, start.config, settings, { rows: shares ? 1 : 2 });
  return { batches: batches.map((batch) => preferenceBatch(batch, shares)), checkpointing };
}

function preferenceBatch(
  pairs: readonly (Preference & { readonly reference: number })[],
  shares: boolean,
): PreferenceBatch {
  const sequences = pairs.flatMap(answersOf);
  const places = perToken(sequences, (_, __, row) => row);
  const signs = new Float32Array(places.length * pairs.length);
  for (const [token, row] of places.entries()) signs[token * pairs.length + (row >> 1)] = row % 2 === 0 ? 1 : -1;
  return {
    tokens: tokenBatch(sequences, shares),
    signs: tf.tensor2d(signs, [places.length, pairs.length]),
    reference: tf.tensor1d(pairs.map(({ reference }) => reference)),
  };
}

/** The better answer, then the worse one. */
function answersOf({ promptIds, chosen, rejected }: Preference): [TokenSequence, TokenSequence] {
  return [
    { promptIds, tokens: chosen },
    { promptIds, tokens: rejected },
  ];
}
