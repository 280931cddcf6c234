/**
 * @file Truncated importance sampling: weights for tokens that were drawn from another distribution than the one that is
 * trained, because sampling was truncated (top-p, top-k), penalised repeats, or rounded otherwise than training does.
 */
import type { Correction } from './choices.ts';

/**
 * The weight of each token of a completion: its probability in training over that in sampling, `cap` at most.
 *
 * @param training log-probabilities of the tokens under the policy as it is trained, before the update.
 * @param sampling log-probabilities under the distribution that they were drawn from.
 */
export function correctionsOf(
  kind: Correction,
  training: readonly number[],
  sampling: readonly number[],
  cap: number,
): number[] {
  const differences = training.map((logProb, i) => logProb - sampling[i]);
  switch (kind) {
    case 'off':
      return training.map(() => 1);
    case 'token':
      return differences.map((difference) => Math.min(cap, Math.exp(difference)));
    case 'sequence': {
      const weight = Math.min(cap, Math.exp(differences.reduce((sum, difference) => sum + difference, 0)));
      return training.map(() => weight);
    }
    default:
      return kind satisfies never;
  }
}
