/**
 * @file Which of two checkpoints is better on the same queries: the difference of their means, how likely chance alone makes
 * one as large, and who wins query by query. Statistics only; where the rows come from is `app/compare.ts`.
 */
import { rngFrom } from '../base/rng.ts';
import { UserError } from '../base/errors.ts';
import type { Split } from '../data/task.ts';
import type { EvaluationRow } from './events.ts';

/** Permutations of the randomisation test: p-values are exact to about 0.002 around 0.05. */
const PERMUTATIONS = 10_000;

/** Stands for the query as it was typed, where a checkpoint's name could stand. */
export const RAW_QUERY = 'raw';

export interface PairedStatistics {
  readonly meanA: number;
  readonly meanB: number;
  /** meanB - meanA. */
  readonly difference: number;
  /** Two-sided; the chance of a difference at least this large if it did not matter which checkpoint made which answer. */
  readonly pValue: number;
  /** Queries where b is better, equal, worse. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

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

/** `ndcg@10`, whatever the cut-off is in these rows. */
export function ndcgName(rows: readonly EvaluationRow[]): string {
  const name = Object.keys(rows[0]?.metrics ?? {}).find((metric) => metric.startsWith('ndcg@'));
  if (name === undefined) throw new Error('an evaluation has no NDCG');
  return name;
}

/** Means, paired randomisation test and win/tie/loss of values for the same queries in the same order. Not for empty input. */
export function pairedStatistics(a: readonly number[], b: readonly number[], seed = 1): PairedStatistics {
  const differences = a.map((value, i) => b[i] - value);
  return {
    meanA: mean(a),
    meanB: mean(b),
    difference: mean(differences),
    pValue: randomisationTest(differences, seed),
    wins: differences.filter((d) => d > 0).length,
    ties: differences.filter((d) => d === 0).length,
    losses: differences.filter((d) => d < 0).length,
  };
}

/**
 * The two-sided p-value of Fisher's paired randomisation test: the share of random sign flips of the differences whose mean
 * is at least as far from 0 as the observed one, the observed one included, so that it is never 0 (Smucker, Allan and
 * Carterette, CIKM 2007). The same seed gives the same value; no difference anywhere gives 1.
 */
export function randomisationTest(differences: readonly number[], seed = 1): number {
  const rng = rngFrom(seed, 'randomisation-test');
  const moved = differences.filter((d) => d !== 0); // a flipped 0 is 0
  const observed = Math.abs(sum(moved));
  // Sums of the same terms in another order differ in the last bits; those count as equal.
  const threshold = observed - 1e-9 * Math.max(1, observed);
  let asLarge = 1;
  for (let p = 0; p < PERMUTATIONS; p++) {
    let total = 0;
    for (const d of moved) total += rng.next() < 0.5 ? d : -d;
    if (Math.abs(total) >= threshold) asLarge++;
  }
  return asLarge / (PERMUTATIONS + 1);
}

function valueOf(row: EvaluationRow, metric: string): number {
  const value = Object.hasOwn(row.metrics, metric) ? row.metrics[metric] : undefined;
  if (value === undefined) {
    throw new UserError(`${row.exampleId} has no ${metric}; choose one of ${Object.keys(row.metrics).join(', ')}.`);
  }
  return value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
