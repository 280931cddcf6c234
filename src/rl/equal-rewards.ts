/** @file Groups whose rewards are all equal: they teach nothing, and there are only a few causes. */
import type { ScoredRewrite } from './reward.ts';

/** `failed`: no search answered. `same`: one rewrite, written over and over. `equal`: anything else. */
export type EqualCause = 'failed' | 'malformed' | 'same' | 'missed' | 'right' | 'equal';

/** Why all rewards of a group are equal; null when they are not, or there is but one completion. */
export function equalCause(group: readonly ScoredRewrite[]): EqualCause | null {
  if (group.length < 2 || group.some(({ reward }) => reward !== group[0].reward)) return null;
  if (group[0].reward === null) return 'failed';
  if (group.every(({ parsed }) => parsed.format !== 'ok')) return 'malformed';
  if (group.every(({ parsed }) => parsed.rewrite === group[0].parsed.rewrite)) return 'same';
  if (group.every(({ terms }) => !(terms.ndcg > 0))) return 'missed';
  return group.every(({ terms }) => terms.ndcg === 1) ? 'right' : 'equal';
}

/** Whether a group has two different rewards; failed searches have none. */
export function hasSignal(group: readonly ScoredRewrite[]): boolean {
  const rewards = new Set(group.flatMap(({ reward }) => (reward === null ? [] : [reward])));
  return rewards.size > 1;
}
