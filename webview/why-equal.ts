/** @file The cause behind a group that teaches nothing. Pure. */
import type { RolloutGroup } from './protocol.ts';

/** Why all rewards of a group are equal; null when they are not. */
export function whyEqual({ rollouts }: RolloutGroup): string | null {
  const rewards = rollouts.map(({ reward }) => reward);
  if (rewards.length < 2 || rewards.some((reward) => reward !== rewards[0])) return null;
  if (rewards[0] === null) return 'all searches failed';
  if (rollouts.every(({ format }) => format !== 'ok')) return 'all in a wrong format';
  if (rollouts.every(({ rewrite }) => rewrite === rollouts[0].rewrite)) return 'all the same rewrite';
  if (rollouts.every(({ terms }) => !(terms.ndcg > 0))) return 'all miss';
  return rollouts.every(({ terms }) => terms.ndcg === 1) ? 'all perfect' : 'all equal';
}
