/**
 * @file Comparing checkpoints by what the run already holds: training evaluates every so often with the same greedy rewriting
 * that a comparison would do again, so the answer is there at once and no model is loaded.
 */
import type { Split } from '../data/task.ts';
import { asTyped, compareEvaluations, type Comparison, ndcgName, RAW_QUERY } from './comparison.ts';
import type { EvaluationRow } from './events.ts';
import type { RunReader } from './reader.ts';

/** Null unless both were evaluated on the split while the run was trained. `a` may be `raw`, the queries as typed. */
export function compareRecorded(
  reader: RunReader,
  { a, b, split }: { readonly a: string; readonly b: string; readonly split: Split },
): Comparison | null {
  const rowsB = recordedRows(reader, b, split);
  const rowsA = a === RAW_QUERY ? rowsB?.map(asTyped) : recordedRows(reader, a, split);
  if (!rowsA || !rowsB) return null;
  return compareEvaluations(
    { name: a, rows: rowsA },
    { name: b, rows: rowsB },
    split,
    ndcgName(rowsB[0]?.metrics ?? {}),
  );
}

/** The rows of the newest evaluation of a checkpoint: the one at its step. */
function recordedRows(reader: RunReader, checkpoint: string, split: Split): readonly EvaluationRow[] | null {
  const step = reader.checkpoints().find(({ name }) => name === checkpoint)?.step;
  const evaluation = reader
    .eventsAfter(0)
    .findLast(
      (event) =>
        event.kind === 'evaluation' && !event.discarded && event.step === step && event.evaluation.split === split,
    );
  return evaluation ? reader.evaluationRows(evaluation.id) : null;
}
