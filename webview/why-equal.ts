/** @file The cause behind a group that teaches nothing. Pure. */
import { t } from './l10n.ts';
import type { RolloutGroup } from './protocol.ts';

export const EQUAL_CAUSES = {
  'all-failed': t('All searches failed'),
  'all-malformed': t('All in a wrong format'),
  'all-same': t('All the same rewrite'),
  'all-miss': t('All miss'),
  'all-perfect': t('All perfect'),
  'all-equal': t('All equal'),
} as const;
export type EqualCause = keyof typeof EQUAL_CAUSES;

/** Why all rewards of a group are equal; null when they are not. */
export function whyEqual({ rollouts }: RolloutGroup): EqualCause | null {
  const rewards = rollouts.map(({ reward }) => reward);
  if (rewards.length < 2 || rewards.some((reward) => reward !== rewards[0])) return null;
  if (rewards[0] === null) return 'all-failed';
  if (rollouts.every(({ format }) => format !== 'ok')) return 'all-malformed';
  if (rollouts.every(({ rewrite }) => rewrite === rollouts[0].rewrite)) return 'all-same';
  if (rollouts.every(({ terms }) => !(terms.ndcg > 0))) return 'all-miss';
  return rollouts.every(({ terms }) => terms.ndcg === 1) ? 'all-perfect' : 'all-equal';
}
