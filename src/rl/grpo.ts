/**
 * @file The arithmetic of GRPO (DeepSeekMath, arXiv 2402.03300): rewards to advantages, log-probabilities to a loss.
 * Nothing here samples, searches or touches a file.
 *
 * Departures from Rec-R1's code: the KL term is added to the loss (there its sign was wrong, so divergence was
 * rewarded), and the mean is over all sampled tokens of the step, not over arbitrary micro-batches.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Keeps the division finite; the size that the paper's code uses. */
const EPSILON = 1e-6;

/**
 * How much better each completion of one prompt did than its siblings: (r − mean) / (unbiased standard deviation).
 *
 * Rewards that are null (failed searches) are left out of mean and deviation and get advantage 0. A group whose rewards
 * are all equal teaches nothing and gets zeros, and so does a group of one.
 */
export function groupAdvantages(rewards: readonly (number | null)[]): number[] {
  const scored = rewards.filter((reward) => reward !== null);
  const mean = scored.reduce((sum, reward) => sum + reward, 0) / Math.max(1, scored.length);
  const deviation = sampleDeviation(scored);
  return rewards.map((reward) => (reward === null || deviation === 0 ? 0 : (reward - mean) / (deviation + EPSILON)));
}

/** Unbiased standard deviation; 0 for fewer than two values, and exactly 0 when all are equal. */
export function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2 || values.every((value) => value === values[0])) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Sums over tokens. Dispose both. */
export interface LossSums extends tf.TensorContainerObject {
  /** To be minimised; differentiable. */
  readonly loss: tf.Scalar;
  /** Watched only. */
  readonly statistics: tf.Tensor1D;
}

/** N sampled tokens. All float32 [N] but the first. */
export interface ScoredTokens {
  /** [N, 2]: log-probability and entropy under the policy in training. */
  readonly current: tf.Tensor2D;
  /** Log-probabilities when the tokens were sampled. */
  readonly old: tf.Tensor1D;
  /** Log-probabilities under the frozen start policy. */
  readonly reference: tf.Tensor1D;
  /** Of the token's completion. */
  readonly advantages: tf.Tensor1D;
}

export interface LossWeights {
  readonly clip: number;
  readonly kl: number;
  readonly entropy: number;
}

/**
 * Sums over the N tokens, so that a step can add up micro-batches and divide once by its number of tokens. The statistics
 * are the k3 KL, the entropy, and the count of tokens whose ratio the clip holds back.
 *
 * k3 = exp(d) − d − 1 with d = reference − current, clamped to ±10 (Schulman, "Approximating KL divergence").
 */
export function grpoSums(batch: ScoredTokens, { clip, kl, entropy }: LossWeights): LossSums {
  return tf.tidy(() => {
    const [logProbs, entropies] = tf.unstack(batch.current, 1);
    const ratio = tf.exp(tf.sub(logProbs, batch.old));
    const clipped = tf.clipByValue(ratio, 1 - clip, 1 + clip);
    const free = tf.mul(ratio, batch.advantages);
    const gain = tf.minimum(free, tf.mul(clipped, batch.advantages));
    const d = tf.clipByValue(tf.sub(batch.reference, logProbs), -10, 10);
    const k3 = tf.sub(tf.sub(tf.exp(d), d), 1);
    const loss = tf.sub(tf.sub(tf.mul(k3, kl), gain), tf.mul(entropies, entropy));
    const held = tf.cast(tf.less(gain, free), 'float32');
    return {
      loss: tf.sum(loss),
      statistics: tf.stack([k3, entropies, held].map((values) => tf.sum(values))) as tf.Tensor1D,
    };
  });
}
