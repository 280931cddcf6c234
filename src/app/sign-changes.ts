/**
 * @file What another reward would have taught: stored answers with the reward that they got and the one that they would get,
 * and whose advantage changes its sign. Plain numbers; nothing is searched here.
 */
import { advantagesOf } from '../rl/advantages.ts';
import type { AdvantageKind } from '../rl/choices.ts';
import type { ScoredRow } from './score.ts';

export interface Change {
  /** NaN where the program that stored the answer did not say. */
  readonly before: number;
  readonly after: number;
}

/** An answer that did better than its siblings by one reward and worse by the other. */
export interface TurnedAdvantage {
  readonly group: string;
  readonly _id: string;
  readonly rewrite: string | null;
  readonly reward: Change;
  readonly advantage: Change;
}

export interface SignChanges {
  /** Answers that were compared with siblings. */
  readonly answers: number;
  readonly groups: number;
  /** Means; failed searches are left out. */
  readonly reward: Change;
  /** The largest change first. */
  readonly turned: readonly TurnedAdvantage[];
  /** Groups that taught something and would no longer, … */
  readonly lost: number;
  /** … and the other way round. */
  readonly gained: number;
}

/** Below this an advantage is 0: other programs store rounded ones. */
const ZERO = 1e-6;

/**
 * Compares what rows were trained with and what they would be trained with; nothing when no two of them were siblings.
 *
 * An old advantage is computed from the old rewards, so that the reward is all that differs; where only the advantage was
 * stored, it is taken as it is.
 */
export function signChanges(
  rows: readonly ScoredRow[],
  kind: { readonly before: AdvantageKind; readonly after: AdvantageKind },
): SignChanges | undefined {
  const groups = [...Map.groupBy(rows, ({ trained }) => trained?.group)]
    .filter(([group, members]) => group !== undefined && members.length > 1)
    .map(([, members]) => members);
  if (groups.length === 0) return undefined;
  const before = advantages(groups, kind.before, oldReward);
  const after = advantages(groups, kind.after, ({ reward }) => reward);
  const changes = groups.map((members, g) =>
    members.map((row, r): TurnedAdvantage => ({
      group: row.trained?.group ?? '',
      _id: row._id,
      rewrite: row.rewrite,
      reward: { before: oldReward(row) ?? NaN, after: row.reward ?? NaN },
      advantage: { before: hasOldReward(row) ? before[g][r] : (row.trained?.advantage ?? 0), after: after[g][r] },
    })),
  );
  const all = changes.flat();
  const taught = (members: readonly TurnedAdvantage[], when: keyof Change): boolean =>
    members.some(({ advantage }) => signOf(advantage[when]) !== 0);
  return {
    answers: all.length,
    groups: groups.length,
    reward: {
      before: mean(all.map(({ reward }) => reward.before)),
      after: mean(all.map(({ reward }) => reward.after)),
    },
    turned: all
      .filter(({ advantage }) => signOf(advantage.before) * signOf(advantage.after) === -1)
      .sort((a, b) => distance(b.advantage) - distance(a.advantage)),
    lost: changes.filter((members) => taught(members, 'before') && !taught(members, 'after')).length,
    gained: changes.filter((members) => !taught(members, 'before') && taught(members, 'after')).length,
  };
}

function advantages(
  groups: readonly (readonly ScoredRow[])[],
  kind: AdvantageKind,
  rewardOf: (row: ScoredRow) => number | null,
): number[][] {
  const lengths = groups.map((members) => members.map(({ trained }) => trained?.tokens ?? 1));
  return advantagesOf(kind, groups.map((members) => members.map(rewardOf)), lengths); // prettier-ignore
}

function hasOldReward({ trained }: ScoredRow): boolean {
  return trained?.reward !== undefined;
}

function oldReward({ trained }: ScoredRow): number | null {
  return trained?.reward ?? null;
}

function signOf(advantage: number): number {
  return Math.abs(advantage) < ZERO ? 0 : Math.sign(advantage);
}

function distance({ before, after }: Change): number {
  return Math.abs(after - before);
}

function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}
