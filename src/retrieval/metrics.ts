/**
 * @file How good a ranking is: NDCG, recall, precision, reciprocal rank, average precision, hit rate.
 *
 * Gains of NDCG are linear by default, as trec_eval's are: the grade itself. Discount is 1 / log2(rank + 1). The ideal
 * ranking holds all judged documents, also those that a corpus lacks. A query without relevant documents scores 0.
 */
import { rankingOf } from './judged.ts';
import type { JudgedRanking } from './retriever.ts';

/** How a grade pays in NDCG: the grade, 2^grade - 1, or 1 whatever the grade. */
export const GAINS = ['linear', 'exponential', 'binary'] as const;
export type Gain = (typeof GAINS)[number];

const METRIC_NAMES = ['ndcg', 'recall', 'precision', 'mrr', 'map', 'hit'] as const;
type MetricName = (typeof METRIC_NAMES)[number];

export interface Metric {
  readonly name: MetricName;
  /** Only the first `cutoff` ranks count; all when missing. */
  readonly cutoff?: number;
}

/** What is right for one query. */
export interface Judgments {
  /** Document id to grade above 0. */
  readonly grades: ReadonlyMap<string, number>;
  /**
   * Grades of the ideal ranking, where they are not simply those of `grades`: the paper counts a target that is listed twice
   * twice there, and so can never reach 1.
   */
  readonly idealGrades?: readonly number[];
}

/** `ndcg@10`, `recall@100`, `mrr` and so on; nothing when the text is no metric. */
export function parseMetric(text: string): Metric | undefined {
  const [, name, cutoff] = /^([a-z]+)(?:@([1-9]\d*))?$/.exec(text) ?? [];
  if (!METRIC_NAMES.some((known) => known === name)) return undefined;
  return { name: name as MetricName, ...(cutoff && { cutoff: Number(cutoff) }) };
}

/** What a metric may be called, for messages. */
export const METRIC_EXAMPLES = METRIC_NAMES.map((name) => `${name}@10`).join(', ');

/** Judgments of a plain list of targets, all of grade 1. */
export function judgeTargets(targets: readonly string[], duplicates: 'removed' | 'paper' = 'removed'): Judgments {
  const grades = new Map(targets.map((id) => [id, 1]));
  return duplicates === 'paper' ? { grades, idealGrades: targets.map(() => 1) } : { grades };
}

/** The metric of one ranking, ids best first. A document that is listed again counts once. */
export function measureRanking(
  ranking: readonly string[],
  judgments: Judgments,
  metric: Metric,
  gain: Gain = 'linear',
): number {
  return measureRanks(rankingOf(ranking, judgments.grades), judgments, metric, gain);
}

/** {@link measureRanking} where only the ranks of the judged documents are known; metrics need no more. */
export function measureRanks(
  { ranks, length }: Pick<JudgedRanking, 'ranks' | 'length'>,
  judgments: Judgments,
  metric: Metric,
  gain: Gain = 'linear',
): number {
  const { grades } = judgments;
  if (grades.size === 0) return 0;
  const relevant = relevantRanks(ranks, grades, metric.cutoff);
  switch (metric.name) {
    case 'ndcg':
      return ndcg(relevant, judgments, metric.cutoff, gain);
    case 'recall':
      return relevant.length / grades.size;
    case 'precision':
      return relevant.length / (metric.cutoff ?? Math.max(length, 1));
    case 'mrr':
      return relevant.length > 0 ? 1 / relevant[0].rank : 0;
    case 'map':
      return relevant.reduce((sum, { rank }, found) => sum + (found + 1) / rank, 0) / grades.size;
    case 'hit':
      return Number(relevant.length > 0);
    default:
      return metric.name satisfies never;
  }
}

/** NDCG of the first `cutoff` ranks; the reward's ranking term. */
export function ndcgAt(
  ranking: readonly string[],
  grades: ReadonlyMap<string, number>,
  cutoff: number,
  gain: Gain = 'linear',
): number {
  return measureRanking(ranking, { grades }, { name: 'ndcg', cutoff }, gain);
}

interface RelevantRank {
  /** From 1. */
  readonly rank: number;
  readonly grade: number;
}

/** Best first. */
function relevantRanks(
  ranks: ReadonlyMap<string, number>,
  grades: ReadonlyMap<string, number>,
  cutoff = Infinity,
): RelevantRank[] {
  return Array.from(ranks, ([id, rank]) => ({ rank, grade: grades.get(id) }))
    .filter((found): found is RelevantRank => found.grade !== undefined && found.rank <= cutoff)
    .sort((a, b) => a.rank - b.rank);
}

function ndcg(ranks: readonly RelevantRank[], judgments: Judgments, cutoff: number | undefined, gain: Gain): number {
  const ideal = [...(judgments.idealGrades ?? judgments.grades.values())].sort((a, b) => b - a).slice(0, cutoff);
  const best = ideal.reduce((sum, grade, i) => sum + gainOf(grade, gain) / Math.log2(i + 2), 0);
  const reached = ranks.reduce((sum, { rank, grade }) => sum + gainOf(grade, gain) / Math.log2(rank + 1), 0);
  return reached / best;
}

function gainOf(grade: number, gain: Gain): number {
  switch (gain) {
    case 'linear':
      return grade;
    case 'exponential':
      return 2 ** grade - 1;
    case 'binary':
      return 1;
    default:
      return gain satisfies never;
  }
}
