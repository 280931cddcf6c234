/**
 * @file The loss of GRPO (DeepSeekMath, arXiv 2402.03300) and its relatives: log-probabilities and advantages to a number
 * to minimise. Which of them it is follows from four choices: the level of the ratio, the clip, the divergence, and how
 * tokens are averaged. Nothing here samples, searches or touches a file.
 *
 * Departures from Rec-R1's code: the KL term is added to the loss (there its sign was wrong, so divergence was
 * rewarded; a negative weight brings that back), and the mean is over all sampled tokens of the step, not over arbitrary
 * micro-batches.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Aggregation, KlEstimator, RatioLevel } from './choices.ts';

/** Sums over tokens. Dispose both. */
export interface LossSums extends tf.TensorContainerObject {
  /** To be minimised; differentiable. */
  readonly loss: tf.Scalar;
  /** Watched only. */
  readonly statistics: tf.Tensor1D;
}

/** N sampled tokens of S completions. All float32 [N] unless said otherwise. */
export interface ScoredTokens {
  /** [N, 2]: log-probability and entropy under the policy in training. */
  readonly current: tf.Tensor2D;
  /** Log-probabilities before the update. */
  readonly old: tf.Tensor1D;
  /** Log-probabilities under the frozen start policy. */
  readonly reference: tf.Tensor1D;
  /** Of the token's completion. */
  readonly advantages: tf.Tensor1D;
  /** What the token counts in the sum. */
  readonly weights: tf.Tensor1D;
  /** What corrects for tokens that were drawn from another distribution than `old`. */
  readonly corrections: tf.Tensor1D;
  /** [N, S]: 1 where the token belongs to the completion. Used where completions have one ratio. */
  readonly members?: tf.Tensor2D;
}

export interface LossChoices {
  readonly ratio: RatioLevel;
  /** A ratio pays no more below 1 − this … */
  readonly clip: number;
  /** … and above 1 + this. */
  readonly clipHigh: number;
  /** Bounds the ratio where the advantage is negative (dual clip, arXiv 1912.09729). */
  readonly dualClip?: number;
  readonly klEstimator: KlEstimator;
  /** Weight of the divergence; negative rewards it, as the paper's code did. */
  readonly kl: number;
  readonly entropy: number;
}

/**
 * Weighted sums over the N tokens, so that a step can add up micro-batches and divide once. The statistics are not
 * weighted: the k3 KL, the entropy, the count of tokens whose ratio the clip holds back, and the corrections.
 */
export function grpoSums(batch: ScoredTokens, choices: LossChoices): LossSums {
  return tf.tidy(() => {
    const { clip, clipHigh, dualClip, klEstimator, kl, entropy } = choices;
    const [logProbs, entropies] = tf.unstack(batch.current, 1);
    const ratio = ratioOf(tf.sub(logProbs, batch.old), batch, choices.ratio);
    const clipped = tf.clipByValue(ratio, 1 - clip, 1 + clipHigh);
    const free = tf.mul(dualClip === undefined ? ratio : tf.minimum(ratio, dualClip), batch.advantages);
    const gain = tf.minimum(free, tf.mul(clipped, batch.advantages));
    const divergence = klEstimate(klEstimator, logProbs, batch.reference);
    const loss = tf.sub(tf.sub(tf.mul(divergence, kl), tf.mul(gain, batch.corrections)), tf.mul(entropies, entropy));
    const k3 = klEstimator === 'k3' ? divergence : klEstimate('k3', logProbs, batch.reference);
    const held = tf.cast(tf.less(gain, free), 'float32');
    return {
      loss: tf.sum(tf.mul(loss, batch.weights)),
      statistics: tf.stack([k3, entropies, held, batch.corrections].map((values) => tf.sum(values))) as tf.Tensor1D,
    };
  });
}

/** An estimate for each token: float32 [N]. Differences of log-probabilities are clamped to ±10. */
export function klEstimate(estimator: KlEstimator, logProbs: tf.Tensor, reference: tf.Tensor): tf.Tensor {
  const d = tf.clipByValue(tf.sub(reference, logProbs), -10, 10);
  switch (estimator) {
    case 'k1':
      return tf.neg(d);
    case 'k2':
      return tf.mul(tf.square(d), 0.5);
    case 'k3':
      return tf.sub(tf.sub(tf.exp(d), d), 1);
    default:
      return estimator satisfies never;
  }
}

/** The ratio of new to old probability at each token: [N]. */
function ratioOf(logRatio: tf.Tensor, { members }: ScoredTokens, level: RatioLevel): tf.Tensor {
  if (level === 'token') return tf.exp(logRatio);
  if (!members) throw new Error('a ratio of completions needs to know which tokens belong together');
  const sums = tf.matMul(tf.reshape(logRatio, [1, -1]), members); // [1, S]
  const ofSequence = level === 'sequence' ? tf.div(sums, tf.sum(members, 0, true)) : sums;
  return tf.exp(tf.reshape(tf.matMul(members, ofSequence, false, true), [-1])); // [N, S] · [S, 1]
}

/** What a token of each completion counts in the sum, and what the sum is divided by. */
export function aggregate(
  aggregation: Aggregation,
  lengths: readonly number[],
  maxTokens: number,
): { readonly weights: readonly number[]; readonly divisor: number } {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  switch (aggregation) {
    case 'tokens':
      return { weights: lengths.map(() => 1), divisor: tokens };
    case 'sequences':
      return { weights: lengths.map((length) => 1 / length), divisor: lengths.length };
    case 'constant':
      return { weights: lengths.map(() => 1), divisor: lengths.length * maxTokens };
    default:
      return aggregation satisfies never;
  }
}
