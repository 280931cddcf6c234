/**
 * @file Signs that a policy found a way to the reward that nobody meant, as numbers of a step. None is a proof: a rewrite
 * may hold a title because the shopper typed it nearly so. They are watched, and paid for or fined only by reward terms.
 */
import type { Example } from '../data/task.ts';
import type { ScoredRewrite } from './reward.ts';
import { wordsOf } from './reward-terms.ts';

/** Over the well-formed rewrites of a step; all 0 where there is none. */
export interface HackingSigns {
  /** Share of rewrites that hold the whole title of a relevant document, of three words or more, which the query does not. */
  readonly copiedTitles: number;
  /** Share of a rewrite's words that it had before. */
  readonly repeatedWords: number;
  /** Words per rewrite. */
  readonly words: number;
  /** Share of groups with a rewrite that was also written for another query. */
  readonly sharedRewrites: number;
  /** Correlation, inside the groups, of a rewrite's words and its reward: from −1 to 1, and 0 where nothing varies. */
  readonly lengthReward: number;
}

/** The part of a scored group that is looked at. */
interface Group {
  readonly example: Example;
  readonly scored: readonly ScoredRewrite[];
}

interface Rewrite {
  readonly words: readonly string[];
  readonly reward: number | null;
}

/** A shorter title is what anybody would write. */
const TITLE_WORDS = 3;

/** @param titleOf the title of a document of the corpus. */
export function hackingSigns(groups: readonly Group[], titleOf: (id: string) => string | undefined): HackingSigns {
  const rewrites = groups.map(({ scored }) => scored.flatMap(readable));
  const all = rewrites.flat();
  return {
    copiedTitles: mean(
      groups.flatMap(({ example }, g) => {
        const copied = copiedFrom(example, titleOf);
        return rewrites[g].map(({ words }) => (copied(words) ? 1 : 0));
      }),
    ),
    repeatedWords: mean(all.map(({ words }) => (words.length === 0 ? 0 : 1 - new Set(words).size / words.length))),
    words: mean(all.map(({ words }) => words.length)),
    sharedRewrites: sharedRewrites(groups, rewrites),
    lengthReward: lengthReward(rewrites),
  };
}

function readable({ parsed, reward }: ScoredRewrite): Rewrite[] {
  return parsed.format === 'ok' ? [{ words: wordsOf(parsed.rewrite), reward }] : [];
}

function copiedFrom(
  { query, relevant }: Example,
  titleOf: (id: string) => string | undefined,
): (words: readonly string[]) => boolean {
  const typed = phrase(wordsOf(query));
  const titles = [...relevant.keys()]
    .map((id) => wordsOf(titleOf(id) ?? ''))
    .filter((words) => words.length >= TITLE_WORDS && !typed.includes(phrase(words)))
    .map(phrase);
  return (words) => titles.some((title) => phrase(words).includes(title));
}

/** Words between spaces, so that one phrase is found in another at words only. */
function phrase(words: readonly string[]): string {
  return ` ${words.join(' ')} `;
}

function sharedRewrites(groups: readonly Group[], rewrites: readonly (readonly Rewrite[])[]): number {
  const queries = new Map<string, Set<string>>();
  for (const [g, { example }] of groups.entries()) {
    for (const { words } of rewrites[g]) {
      const text = phrase(words);
      queries.set(text, (queries.get(text) ?? new Set()).add(example.query));
    }
  }
  return mean(rewrites.map((group) => (group.some(({ words }) => queries.get(phrase(words))!.size > 1) ? 1 : 0)));
}

/** Pearson's, of the distances to the means of the group: queries differ in what they can get. */
function lengthReward(groups: readonly (readonly Rewrite[])[]): number {
  let covariance = 0;
  let lengths = 0;
  let rewards = 0;
  for (const group of groups) {
    const scored = group.flatMap(({ words, reward }) => (reward === null ? [] : [{ length: words.length, reward }]));
    const length = mean(scored.map((rewrite) => rewrite.length));
    const reward = mean(scored.map((rewrite) => rewrite.reward));
    for (const rewrite of scored) {
      covariance += (rewrite.length - length) * (rewrite.reward - reward);
      lengths += (rewrite.length - length) ** 2;
      rewards += (rewrite.reward - reward) ** 2;
    }
  }
  // Rewards that are equal but for rounding vary by less than this.
  return lengths < 1e-12 || rewards < 1e-12 ? 0 : covariance / Math.sqrt(lengths * rewards);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
