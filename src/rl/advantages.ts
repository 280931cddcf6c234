/**
 * @file From rewards to advantages: how much better each completion did than was to be expected. Plain numbers.
 *
 * Rewards that are null (failed searches) are left out of every mean and deviation and get advantage 0, and so does a
 * group of one where groups are compared with themselves.
 */
import type { AdvantageKind } from './choices.ts';

/** Keeps the division finite; the size that the paper's code uses. */
const EPSILON = 1e-6;
/** The same under the root of a variance, as verl's whitening has it. */
const VARIANCE_EPSILON = 1e-8;

type Rewards = readonly (number | null)[];

/**
 * The advantages of a batch of groups, in its shape.
 *
 * @param lengths tokens of each completion, in the shape of `groups`.
 */
export function advantagesOf(
  kind: AdvantageKind,
  groups: readonly Rewards[],
  lengths: readonly (readonly number[])[],
): number[][] {
  switch (kind) {
    case 'grpo':
      return groups.map(groupAdvantages);
    case 'dr-grpo':
      return groups.map(centred);
    case 'rloo':
      return groups.map(leaveOneOut);
    case 'reinforce++':
      return whitened(groups.map(withoutNulls), groups, lengths);
    case 'reinforce++-baseline':
      return whitened(groups.map(centred), groups, lengths);
    default:
      return kind satisfies never;
  }
}

/** A group whose rewards are all equal teaches nothing and gets zeros, not a division by almost zero. */
export function groupAdvantages(rewards: Rewards): number[] {
  const deviation = sampleDeviation(scoredOf(rewards));
  return centred(rewards).map((difference) => (deviation === 0 ? 0 : difference / (deviation + EPSILON)));
}

/** Unbiased standard deviation; 0 for fewer than two values, and exactly 0 when all are equal. */
export function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2 || values.every((value) => value === values[0])) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Distances to the mean; exactly 0 when all rewards are equal, where rounding would leave something. */
function centred(rewards: Rewards): number[] {
  const scored = scoredOf(rewards);
  if (sampleDeviation(scored) === 0) return rewards.map(() => 0);
  const mean = scored.reduce((sum, reward) => sum + reward, 0) / scored.length;
  return rewards.map((reward) => (reward === null ? 0 : reward - mean));
}

/** r − mean of the n − 1 others is n / (n − 1) times the distance to the mean of all. */
function leaveOneOut(rewards: Rewards): number[] {
  const count = scoredOf(rewards).length;
  return centred(rewards).map((difference) => (difference * count) / Math.max(1, count - 1));
}

function withoutNulls(rewards: Rewards): number[] {
  return rewards.map((reward) => reward ?? 0);
}

/** To mean 0 and variance 1 over the tokens of all completions that have a reward; exactly 0 when their values are equal. */
function whitened(
  advantages: readonly (readonly number[])[],
  groups: readonly Rewards[],
  lengths: readonly (readonly number[])[],
): number[][] {
  const weights = groups.map((rewards, g) => rewards.map((reward, c) => (reward === null ? 0 : lengths[g][c])));
  const tokens = sumOver(weights, (weight) => weight);
  const values = new Set(advantages.flatMap((group, g) => group.filter((_, c) => weights[g][c] > 0)));
  if (tokens < 2 || values.size < 2) return advantages.map((group) => group.map(() => 0));
  const mean = sumOver(advantages, (value, g, c) => value * weights[g][c]) / tokens;
  const variance = sumOver(advantages, (value, g, c) => (value - mean) ** 2 * weights[g][c]) / (tokens - 1);
  const scale = 1 / Math.sqrt(variance + VARIANCE_EPSILON);
  return advantages.map((group, g) => group.map((value, c) => (weights[g][c] === 0 ? 0 : (value - mean) * scale)));
}

function sumOver(
  groups: readonly (readonly number[])[],
  value: (entry: number, group: number, copy: number) => number,
): number {
  let sum = 0;
  groups.forEach((group, g) => {
    group.forEach((entry, c) => (sum += value(entry, g, c)));
  });
  return sum;
}

function scoredOf(rewards: Rewards): number[] {
  return rewards.filter((reward) => reward !== null);
}
