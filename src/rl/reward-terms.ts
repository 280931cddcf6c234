/** @file What a well-formed answer may be paid for, term by term. Each is a number that a weight is multiplied with. */
import type { Example } from '../data/task.ts';
import { measureRanks } from '../retrieval/metrics.ts';
import type { JudgedRanking } from '../retrieval/retriever.ts';

/**
 * - `ndcg`, `recall`, `reciprocalRank`: of the first `k` ranks, from 0 to 1.
 * - `category`: the share of the shown documents that have the category of the example's first relevant document; 0 unless
 *   that one was found (the released code's second objective, which looks at all `k`).
 * - `length`: minus the words of the rewrite.
 * - `repetition`: minus the share of its words that it had before.
 */
export const REWARD_TERMS = ['ndcg', 'recall', 'reciprocalRank', 'category', 'length', 'repetition'] as const;
export type RewardTerm = (typeof REWARD_TERMS)[number];

export interface RankedRewrite {
  readonly example: Example;
  readonly rewrite: string;
  readonly ranking: JudgedRanking;
}

/** @param categoryOf the category of a document of the corpus, where it has one. */
export function termOf(
  term: RewardTerm,
  { example, rewrite, ranking }: RankedRewrite,
  k: number,
  categoryOf: (id: string) => string | undefined,
): number {
  switch (term) {
    case 'ndcg':
    case 'recall':
    case 'reciprocalRank': {
      const name = term === 'reciprocalRank' ? 'mrr' : term;
      return measureRanks(ranking, { grades: example.relevant }, { name, cutoff: k });
    }
    case 'category':
      return categoryShare(ranking, example, categoryOf);
    case 'length':
      return -wordsOf(rewrite).length;
    case 'repetition': {
      const words = wordsOf(rewrite);
      return words.length === 0 ? 0 : new Set(words).size / words.length - 1;
    }
    default:
      return term satisfies never;
  }
}

function categoryShare(
  { ranks, top }: JudgedRanking,
  { relevant }: Example,
  categoryOf: (id: string) => string | undefined,
): number {
  const [first] = relevant.keys();
  const category = categoryOf(first);
  if (category === undefined || !ranks.has(first) || top.length === 0) return 0;
  return top.filter((id) => categoryOf(id) === category).length / top.length;
}

/** The words of a rewrite in lower case: letters and digits of any script. */
export function wordsOf(rewrite: string): string[] {
  return rewrite.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
