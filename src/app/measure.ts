/**
 * @file Measures stored rankings: rows of `_id`, `retrieved` (ids, best first) and `relevant` (ids, or grades by id)
 * or one `target`.
 */
import { describe, idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines, type Row } from '../base/json-lines.ts';
import {
  type Gain,
  judgeTargets,
  type Judgments,
  type Metric,
  METRIC_EXAMPLES,
  measureRanking,
  parseMetric,
} from '../retrieval/metrics.ts';

export interface MeasuredRow {
  readonly _id: string;
  /** By name, such as `ndcg@100`. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Measurement {
  /** Means over all rows. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: readonly MeasuredRow[];
}

/** Metrics by their names. */
export type NamedMetrics = readonly { readonly name: string; readonly metric: Metric }[];

/** @throws UserError for a name that is no metric. */
export function parseMetrics(names: readonly string[]): NamedMetrics {
  return names.map((name) => {
    const metric = parseMetric(name);
    if (!metric) throw new UserError(`"${name}" is no metric; give one such as ${METRIC_EXAMPLES}.`);
    return { name, metric };
  });
}

/** A target that is listed twice counts once, or by the paper's rule twice in the ideal ranking. */
export type DuplicateRule = 'removed' | 'paper';

/** Measures the rankings of a file. */
export async function measureLists(
  file: string,
  metrics: NamedMetrics,
  duplicates: DuplicateRule,
  gain: Gain = 'linear',
): Promise<Measurement> {
  const rows: MeasuredRow[] = [];
  for await (const { value: row, where } of readJsonLines(file)) {
    const retrieved = idListField(row, 'retrieved', where);
    const judgments = judgmentsOf(row, where, duplicates);
    const values = metrics.map(
      ({ name, metric }) => [name, measureRanking(retrieved, judgments, metric, gain)] as const,
    );
    rows.push({ _id: idField(row, '_id', where), metrics: Object.fromEntries(values) });
  }
  if (rows.length === 0)
    throw new UserError(`${file} holds no row; each line is one ranking with _id, retrieved, relevant.`);
  return { metrics: meanMetrics(rows), rows };
}

function judgmentsOf(row: Row['value'], where: string, duplicates: DuplicateRule): Judgments {
  if ('target' in row) return judgeTargets([idField(row, 'target', where)], duplicates);
  const { relevant } = row;
  if (typeof relevant !== 'object' || relevant === null || Array.isArray(relevant)) {
    return judgeTargets(idListField(row, 'relevant', where), duplicates);
  }
  const grades = Object.entries(relevant).map(([id, grade]): [string, number] => {
    if (typeof grade === 'number' && Number.isFinite(grade)) return [id, grade];
    throw new UserError(`${where}: the grade of "${id}" in "relevant" must be a number, got ${describe(grade)}.`);
  });
  return { grades: new Map(grades.filter(([, grade]) => grade > 0)) };
}

/** Means over rows that all have the same metrics; of no row, nothing. */
export function meanMetrics(rows: readonly Pick<MeasuredRow, 'metrics'>[]): Record<string, number> {
  const names = Object.keys(rows[0]?.metrics ?? {});
  return Object.fromEntries(
    names.map((name) => [name, rows.reduce((sum, { metrics }) => sum + metrics[name], 0) / rows.length]),
  );
}
