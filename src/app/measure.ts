/** @file Measures stored rankings: rows of `_id`, `retrieved` (ids, best first) and `relevant` (ids) or one `target`. */
import { idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { METRIC_EXAMPLES, type Metric, judgeTargets, measureRanking, parseMetric } from '../retrieval/metrics.ts';

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

/** @param duplicates whether a target that is listed twice counts twice in the ideal ranking, as in the paper. */
export async function measureLists(
  file: string,
  metrics: NamedMetrics,
  duplicates: 'removed' | 'paper',
): Promise<Measurement> {
  const rows: MeasuredRow[] = [];
  for await (const { value: row, where } of readJsonLines(file)) {
    const retrieved = idListField(row, 'retrieved', where);
    const relevant = 'target' in row ? [idField(row, 'target', where)] : idListField(row, 'relevant', where);
    const judgments = judgeTargets(relevant, duplicates);
    const values = metrics.map(({ name, metric }) => [name, measureRanking(retrieved, judgments, metric)] as const);
    rows.push({ _id: idField(row, '_id', where), metrics: Object.fromEntries(values) });
  }
  if (rows.length === 0)
    throw new UserError(`${file} holds no row; each line is one ranking with _id, retrieved, relevant.`);
  return { metrics: meanMetrics(rows), rows };
}

/** Means over rows that all have the same metrics; of no row, nothing. */
export function meanMetrics(rows: readonly Pick<MeasuredRow, 'metrics'>[]): Record<string, number> {
  const names = Object.keys(rows[0]?.metrics ?? {});
  return Object.fromEntries(
    names.map((name) => [name, rows.reduce((sum, { metrics }) => sum + metrics[name], 0) / rows.length]),
  );
}
