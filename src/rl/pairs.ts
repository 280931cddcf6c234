/**
 * @file What supervised and preference learning take from a policy's own rollouts: the best rewrite of each query, and a worse
 * one beside it. Pairs are groups of one or two rollouts, so that a run records and shows them as it does any other.
 */
import type { Rollout, RolloutGroup } from '../runs/events.ts';

/** A query with the answer that is to be learnt, and for preferences a second one that is to be avoided. */
export type Pair = RolloutGroup;

/** Which best rewrites are good enough to be learnt. */
export interface PairRule {
  /** The best must have an NDCG above this. */
  readonly minNdcg: number;
  /** … and one that is above the raw query's by more than this. */
  readonly minGain: number;
}

/** One pair of each group whose best rewrite is good enough (rejection sampling). */
export function bestPairs(groups: readonly RolloutGroup[], rule: PairRule): Pair[] {
  return groups.flatMap((group) => {
    const best = bestOf(group);
    return best && isGood(best, group, rule) ? [pairOf(group, best)] : [];
  });
}

/** The best and the worst answer of each group whose best is good enough, and better than its worst. */
export function preferencePairs(groups: readonly RolloutGroup[], rule: PairRule): Pair[] {
  return groups.flatMap((group) => {
    const [best, worst] = [bestOf(group), worstOf(group)];
    if (!best || !worst || !isGood(best, group, rule) || !(best.reward! > worst.reward!)) return [];
    return [pairOf(group, best, worst)];
  });
}

/** The groups of one example, which a run meets again and again, as one. */
export function joinedByExample(groups: readonly RolloutGroup[]): RolloutGroup[] {
  const joined = Map.groupBy(groups, ({ exampleId }) => exampleId);
  return Array.from(joined.values(), (same) => ({ ...same[0], rollouts: same.flatMap(({ rollouts }) => rollouts) }));
}

/** An answer to learn, and with a second one an answer to avoid. */
export function pairOf(group: Omit<RolloutGroup, 'rollouts'>, chosen: Rollout, rejected?: Rollout): Pair {
  const rollouts = [{ ...chosen, advantage: 1 }, ...(rejected ? [{ ...rejected, advantage: -1 }] : [])];
  return { ...group, rollouts };
}

/** The highest reward among well-formed answers; of equals the shortest, for it says the same in fewer tokens. */
function bestOf({ rollouts }: RolloutGroup): Rollout | undefined {
  return rollouts
    .filter(({ reward, format }) => reward !== null && format === 'ok')
    .sort((a, b) => b.reward! - a.reward! || a.tokens - b.tokens)
    .at(0);
}

function worstOf({ rollouts }: RolloutGroup): Rollout | undefined {
  return rollouts
    .filter(({ reward }) => reward !== null)
    .sort((a, b) => a.reward! - b.reward! || a.tokens - b.tokens)
    .at(0);
}

/** A raw query whose search failed compares as if it had found nothing. */
function isGood({ terms }: Rollout, { baseline }: RolloutGroup, { minNdcg, minGain }: PairRule): boolean {
  const ndcg = terms['ndcg'] ?? 0;
  return ndcg > minNdcg && ndcg - (baseline.ndcg ?? 0) > minGain;
}
