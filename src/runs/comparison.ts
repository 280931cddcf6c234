/**
 * @file Which of two checkpoints is better on the same queries: the difference of their means, how likely chance alone makes
 * one as large, and who wins query by query. Statistics only; where the rows come from is `app/compare.ts`.
 */
import { UserError } from '../base/errors.ts';
import type { Split } from '../data/task.ts';
import type { EvaluationRow } from './events.ts';
import { pairedStatistics, type PairedStatistics } from './statistics.ts';

/** Stands for the query as it was typed, where a checkpoint's name could stand. */
export const RAW_QUERY = 'raw';

export interface ComparedRow {
  readonly exampleId: string;
  readonly query: string;
  readonly a: EvaluationRow;
  readonly b: EvaluationRow;
  /** By how much b is better in the compared metric. */
  readonly gain: number;
}

export interface Comparison extends PairedStatistics {
  /** What is compared, for people: checkpoint names, or `original query`. */
  readonly a: string;
  readonly b: string;
  readonly split: Split;
  /** The compared metric, such as `ndcg@10`. */
  readonly metric: string;
  /** Largest gain first. */
  readonly rows: readonly ComparedRow[];
}

/**
 * Compares two evaluations of the same examples.
 *
 * @throws UserError when they have no example in common, or do not report the metric.
 */
export function compareEvaluations(
  a: { readonly name: string; readonly rows: readonly EvaluationRow[] },
  b: { readonly name: string; readonly rows: readonly EvaluationRow[] },
  split: Split,
  metric: string,
): Comparison {
  const ofA = new Map(a.rows.map((row) => [row.exampleId, row]));
  const rows = b.rows.flatMap((row): ComparedRow[] => {
    const other = ofA.get(row.exampleId);
    if (!other) return [];
    const gain = valueOf(row, metric) - valueOf(other, metric);
    return [{ exampleId: row.exampleId, query: row.query, a: other, b: row, gain }];
  });
  if (rows.length === 0) {
    throw new UserError(`${a.name} and ${b.name} were not evaluated on the same queries; evaluate both on ${split}.`);
  }
  const statistics = pairedStatistics(
    rows.map((row) => valueOf(row.a, metric)),
    rows.map((row) => valueOf(row.b, metric)),
  );
  rows.sort((x, y) => y.gain - x.gain);
  return { ...statistics, a: a.name, b: b.name, split, metric, rows };
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

function valueOf(row: EvaluationRow, metric: string): number {
  const value = Object.hasOwn(row.metrics, metric) ? row.metrics[metric] : undefined;
  if (value === undefined) {
    throw new UserError(`${row.exampleId} has no ${metric}; choose one of ${Object.keys(row.metrics).join(', ')}.`);
  }
  return value;
}
