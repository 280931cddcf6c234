/**
 * @file Comparing checkpoints by what their runs already hold: training evaluates every so often with the same greedy rewriting
 * that a comparison would do again, and `rec-r1 evaluate` leaves its rows too, so the answer is there at once and no model is
 * loaded.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Split } from '../data/task.ts';
import { asTyped, compareInOneMetric, type Comparison, ndcgName, RAW_QUERY, type StatisticsOf } from './comparison.ts';
import { readEvaluation } from './evaluations.ts';
import type { EvaluationRow } from './events.ts';
import type { RunReader } from './reader.ts';

/**
 * Null unless both were evaluated on the split with the run's settings. `a` may be `raw`, the queries as typed. Of the metrics only
 * NDCG is compared. Between its parts others have a turn: thousands of rows are read for each side.
 */
export async function compareRecorded(
  reader: RunReader,
  { a, b, split }: { readonly a: string; readonly b: string; readonly split: Split },
  statisticsOf: StatisticsOf,
): Promise<Comparison | null> {
  const rowsB = recordedRows(reader, b, split);
  await nextTurn();
  const rowsA = a === RAW_QUERY ? rowsB?.map(asTyped) : recordedRows(reader, a, split);
  if (!rowsA || !rowsB) return null;
  await nextTurn();
  const metric = ndcgName(rowsB[0]?.metrics ?? {});
  return compareInOneMetric({ name: a, rows: rowsA }, { name: b, rows: rowsB }, split, { metric }, statisticsOf);
}

/**
 * The rows of the newest evaluation of a checkpoint: those that were asked for, otherwise those that training made at its step.
 *
 * @param settings what the evaluation must have been made with; the run's own when left out.
 */
export function recordedRows(
  reader: RunReader,
  checkpoint: string,
  split: Split,
  settings?: Readonly<Record<string, unknown>>,
): readonly EvaluationRow[] | null {
  const { dir, config } = reader.info();
  const isAskedFor = (made: Readonly<Record<string, unknown>>): boolean =>
    Object.entries(made).every(
      ([name, value]) => value === undefined || value === ((settings ?? config)[name] ?? value),
    ); // a run of an earlier version lacks some
  const recorded = readEvaluation(dir, checkpoint, split);
  if (recorded && isAskedFor(recorded.settings)) return recorded.rows;
  if (settings && !isAskedFor(pick(config, Object.keys(settings)))) return null;
  const step = reader.checkpoints().find(({ name }) => name === checkpoint)?.step;
  const evaluation = reader.evaluations().findLast((made) => made.step === step && made.split === split);
  return evaluation ? reader.evaluationRows(evaluation.id) : null;
}

function pick(record: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}
