/** @file Which rollouts of a step are shown, and in which order. Pure. */
import { t } from './l10n.ts';
import type { Rollout, RolloutGroup } from './protocol.ts';
import { EQUAL_CAUSES, type EqualCause, whyEqual } from './why-equal.ts';

type Kind = 'all' | 'better' | 'worse' | 'best' | 'worst' | 'zero' | 'malformed' | 'failed' | 'no-signal';

/** What a rewrite may be shown for; `no-signal` and the causes of equal rewards are about its whole group. */
export const SHOWN: Readonly<Record<Kind | EqualCause, string>> = {
  all: t('All rewrites'),
  better: t('Better than the query'),
  worse: t('Worse than the query'),
  best: t('Best of each query'),
  worst: t('Worst of each query'),
  zero: t('Reward 0'),
  malformed: t('Wrong format'),
  failed: t('Search failed'),
  'no-signal': t('Groups without a signal'),
  ...EQUAL_CAUSES,
};

export const ORDERS = {
  step: t('As sampled'),
  gain: t('Gained most first'),
  loss: t('Lost most first'),
  spread: t('Widest spread first'),
  length: t('Longest first'),
} as const;

export interface RolloutFilter {
  readonly show: Kind | EqualCause;
  readonly order: keyof typeof ORDERS;
  /** In the query, the rewrite or the completion, whatever the case. */
  readonly text: string;
}

export const NO_FILTER: RolloutFilter = { show: 'all', order: 'step', text: '' };

/** A group with those of its rollouts that are shown, each with its place in the group. */
export interface ShownGroup {
  readonly group: RolloutGroup;
  /** Its place in the step. */
  readonly index: number;
  readonly rollouts: readonly { readonly rollout: Rollout; readonly place: number }[];
}

/** Groups without a shown rollout are left out. */
export function shownGroups(groups: readonly RolloutGroup[], filter: RolloutFilter): readonly ShownGroup[] {
  const shown = groups.map((group, index) => ({ group, index, rollouts: shownRollouts(group, filter) }));
  return ordered(
    shown.filter(({ rollouts }) => rollouts.length > 0),
    filter.order,
  );
}

/** NDCG of a rewrite above that of its query; NaN where one of them was not searched. */
export function gainOf({ terms }: Rollout, { baseline }: RolloutGroup): number {
  return ('ndcg' in terms ? terms.ndcg : NaN) - (baseline.ndcg ?? NaN);
}

function shownRollouts(group: RolloutGroup, { show, text }: RolloutFilter): ShownGroup['rollouts'] {
  const cause = whyEqual(group);
  if (show === 'no-signal' && cause === null) return [];
  if (Object.hasOwn(EQUAL_CAUSES, show) && cause !== show) return [];
  const wanted = text.toLowerCase();
  const isInQuery = group.query.toLowerCase().includes(wanted);
  return group.rollouts
    .map((rollout, place) => ({ rollout, place }))
    .filter(({ rollout }) => isInQuery || `${rollout.rewrite ?? ''}\n${rollout.text}`.toLowerCase().includes(wanted))
    .filter(({ rollout }) => isShown(rollout, group, show));
}

function isShown(rollout: Rollout, group: RolloutGroup, show: RolloutFilter['show']): boolean {
  const rewards = group.rollouts.flatMap(({ reward }) => reward ?? []);
  switch (show) {
    case 'better':
      return gainOf(rollout, group) > 0;
    case 'worse':
      return gainOf(rollout, group) < 0;
    case 'best':
      return rollout.reward === Math.max(...rewards);
    case 'worst':
      return rollout.reward === Math.min(...rewards);
    case 'zero':
      return rollout.reward === 0;
    case 'malformed':
      return rollout.format !== 'ok';
    case 'failed':
      return rollout.reward === null;
    default:
      return true; // the choice was about the group
  }
}

function ordered(shown: readonly ShownGroup[], order: RolloutFilter['order']): readonly ShownGroup[] {
  if (order === 'step') return shown;
  const key = {
    gain: (group: ShownGroup) => -meanGain(group),
    loss: meanGain,
    spread: (group: ShownGroup) => -spread(group),
    length: (group: ShownGroup) => -Math.max(...group.rollouts.map(({ rollout }) => rollout.tokens)),
  };
  return shown
    .map((group) => ({
      ...group,
      rollouts: order === 'length' ? byLength(group.rollouts) : byReward(group.rollouts, order === 'loss'),
    }))
    .sort((a, b) => key[order](a) - key[order](b));
}

function byReward(rollouts: ShownGroup['rollouts'], worstFirst: boolean): ShownGroup['rollouts'] {
  const value = ({ rollout }: ShownGroup['rollouts'][number]): number => rollout.reward ?? -Infinity;
  return [...rollouts].sort((a, b) => (worstFirst ? value(a) - value(b) : value(b) - value(a)) || 0);
}

function byLength(rollouts: ShownGroup['rollouts']): ShownGroup['rollouts'] {
  return [...rollouts].sort((a, b) => b.rollout.tokens - a.rollout.tokens);
}

/** Over the shown rollouts that were searched; 0 where none was. */
function meanGain({ group, rollouts }: ShownGroup): number {
  const gains = rollouts.map(({ rollout }) => gainOf(rollout, group)).filter((gain) => !Number.isNaN(gain));
  return gains.length === 0 ? 0 : gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

function spread({ rollouts }: ShownGroup): number {
  const rewards = rollouts.flatMap(({ rollout }) => rollout.reward ?? []);
  return rewards.length === 0 ? 0 : Math.max(...rewards) - Math.min(...rewards);
}
