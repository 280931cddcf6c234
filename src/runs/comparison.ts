/**
 * @file Which of two systems is better on the same queries: the difference of their means with an interval, how likely chance
 * alone makes one as large, who wins query by query, and whether the lists moved where the metric did. Statistics only; where
 * the rows come from is `app/compare.ts`.
 */
import { UserError } from '../base/errors.ts';
import type { Split } from '../data/task.ts';
import type { EvaluationRow } from './events.ts';
import { jaccard, rankBiasedOverlap } from './overlap.ts';
import { type PairedStatistics, pairedStatisticsOfMetrics, type PairedValues } from './statistics.ts';

/** Stands for the query as it was typed, where a checkpoint's name could stand. */
export const RAW_QUERY = 'raw';

export interface ComparedRow {
  readonly exampleId: string;
  readonly query: string;
  readonly a: EvaluationRow;
  readonly b: EvaluationRow;
  /** By how much b is better in the compared metric. */
  readonly gain: number;
  /** What the two lists that are shown have in common, from 0 to 1: by rank (RBO), and as sets (Jaccard). */
  readonly overlap: { readonly byRank: number; readonly asSets: number };
}

export interface Comparison extends PairedStatistics {
  /** What is compared, for people: checkpoint names, or `raw`. */
  readonly a: string;
  readonly b: string;
  readonly split: Split;
  /** The compared metric, such as `ndcg@10`. */
  readonly metric: string;
  /** A gain or loss of at most this much is a tie. */
  readonly minimumEffect: number;
  /** Every metric that both have, the compared one first; only that where it was not asked for more. */
  readonly metrics: readonly ComparedMetric[];
  /** Settings in which the runs of the two differ. */
  readonly settings: readonly DifferingSetting[];
  /** Largest gain first. */
  readonly rows: readonly ComparedRow[];
}

export interface ComparedMetric extends Pick<
  PairedStatistics,
  'meanA' | 'meanB' | 'difference' | 'differenceInterval' | 'pValue'
> {
  readonly name: string;
}

export interface DifferingSetting {
  readonly name: string;
  /** Null where one does not have it. */
  readonly a: Setting | null;
  readonly b: Setting | null;
}
type Setting = string | number;

/** One side of a comparison. */
export interface ComparedSide {
  readonly name: string;
  readonly rows: readonly EvaluationRow[];
  /** Of the run that it comes from. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ComparisonOptions {
  readonly metric: string;
  readonly minimumEffect?: number;
}

/** Whoever computes statistics of some metrics of the same queries, in their order: that takes most of a comparison's time. */
export type StatisticsOf = (
  metrics: readonly PairedValues[],
  minimumEffect: number,
) => Promise<readonly PairedStatistics[]>;

/**
 * Compares two evaluations of the same examples, in every metric that both have.
 *
 * @throws UserError when they have no example in common, or do not report the metric.
 */
export function compareEvaluations(
  a: ComparedSide,
  b: ComparedSide,
  split: Split,
  { metric, minimumEffect = 0 }: ComparisonOptions,
): Comparison {
  const rows = pairedRows(a, b, split, metric);
  const names = [metric, ...otherNames(rows, metric)];
  const statistics = pairedStatisticsOfMetrics(
    names.map((name) => valuesOf(rows, name)),
    minimumEffect,
  );
  const metrics = statistics.map((found, i) => named(names[i], found));
  return { ...comparisonOf(a, b, split, { metric, minimumEffect }, rows, statistics[0]), metrics };
}

/** {@link compareEvaluations} in one metric alone; {@link otherMetrics} has the others later. */
export async function compareInOneMetric(
  a: ComparedSide,
  b: ComparedSide,
  split: Split,
  { metric, minimumEffect = 0 }: ComparisonOptions,
  statisticsOf: StatisticsOf,
): Promise<Comparison> {
  const rows = pairedRows(a, b, split, metric);
  const [statistics] = await statisticsOf([valuesOf(rows, metric)], minimumEffect);
  return comparisonOf(a, b, split, { metric, minimumEffect }, rows, statistics);
}

/** What is said of each metric that both have beside the compared one. */
export async function otherMetrics(
  { rows, metric, minimumEffect }: Pick<Comparison, 'rows' | 'metric' | 'minimumEffect'>,
  statisticsOf: StatisticsOf,
): Promise<readonly ComparedMetric[]> {
  const names = otherNames(rows, metric);
  const statistics = await statisticsOf(
    names.map((name) => valuesOf(rows, name)),
    minimumEffect,
  );
  return statistics.map((found, i) => named(names[i], found));
}

/** What the query as typed got, as if it were its own rewrite. */
export function asTyped(row: EvaluationRow): EvaluationRow {
  return { ...row, rewrite: row.query, format: 'ok', metrics: row.baseline, top: row.baselineTop };
}

/** `ndcg@10`, whatever the cut-off of these metrics is. */
export function ndcgName(metrics: Readonly<Record<string, number>>): string {
  const name = Object.keys(metrics).find((metric) => /^ndcg@\d+$/.test(metric));
  if (name === undefined) throw new Error('an evaluation has no NDCG');
  return name;
}

/** In the order of `b`. @throws UserError when there is none, or one lacks the metric. */
function pairedRows(a: ComparedSide, b: ComparedSide, split: Split, metric: string): readonly ComparedRow[] {
  const ofA = new Map(a.rows.map((row) => [row.exampleId, row]));
  const rows = b.rows.flatMap((row): ComparedRow[] => {
    const other = ofA.get(row.exampleId);
    if (!other) return [];
    const gain = valueOf(row, metric) - valueOf(other, metric);
    const overlap = { byRank: rankBiasedOverlap(other.top, row.top), asSets: jaccard(other.top, row.top) };
    return [{ exampleId: row.exampleId, query: row.query, a: other, b: row, gain, overlap }];
  });
  if (rows.length > 0) return rows;
  throw new UserError(`${a.name} and ${b.name} were not evaluated on the same queries; evaluate both on ${split}.`);
}

function comparisonOf(
  a: ComparedSide,
  b: ComparedSide,
  split: Split,
  compared: Required<ComparisonOptions>,
  rows: readonly ComparedRow[],
  statistics: PairedStatistics,
): Comparison {
  return {
    ...statistics,
    ...compared,
    a: a.name,
    b: b.name,
    split,
    metrics: [named(compared.metric, statistics)],
    settings: differingSettings(a.settings ?? {}, b.settings ?? {}),
    rows: rows.toSorted((x, y) => y.gain - x.gain),
  };
}

function otherNames([{ a, b }]: readonly ComparedRow[], metric: string): string[] {
  return Object.keys(b.metrics).filter((name) => name !== metric && Object.hasOwn(a.metrics, name));
}

function valuesOf(rows: readonly ComparedRow[], name: string): PairedValues {
  return { a: rows.map((row) => valueOf(row.a, name)), b: rows.map((row) => valueOf(row.b, name)) };
}

function named(
  name: string,
  { meanA, meanB, difference, differenceInterval, pValue }: PairedStatistics,
): ComparedMetric {
  return { name, meanA, meanB, difference, differenceInterval, pValue };
}

function differingSettings(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): DifferingSetting[] {
  const shown = (value: unknown): Setting | null =>
    typeof value === 'string' || typeof value === 'number' ? value : null;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .map((name) => ({ name, a: shown(a[name]), b: shown(b[name]) }))
    .filter((setting) => setting.a !== setting.b);
}

function valueOf(row: EvaluationRow, metric: string): number {
  const value = Object.hasOwn(row.metrics, metric) ? row.metrics[metric] : undefined;
  if (value !== undefined) return value;
  throw new UserError(`${row.exampleId} has no ${metric}; choose one of ${Object.keys(row.metrics).join(', ')}.`);
}
