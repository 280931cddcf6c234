/** @file Two checkpoints of a run on the same queries, or a checkpoint against the queries as they were typed. */
import type { Split } from '../data/task.ts';
import { asTyped, compareEvaluations, type Comparison, ndcgName, RAW_QUERY } from '../runs/comparison.ts';
import { type CheckpointEvaluation, evaluateCheckpoints } from './evaluate.ts';

export interface ComparisonQuestion {
  readonly runDir: string;
  /** A checkpoint's name, or `raw`. */
  readonly a: string;
  /** A checkpoint's name. */
  readonly b: string;
  readonly split: Split;
}

/** Greedy rewrites of both on the split, with a paired test. Positive differences speak for `b`. */
export async function compareCheckpoints(
  { runDir, a, b, split }: ComparisonQuestion,
  turn: () => Promise<void>,
): Promise<Comparison> {
  const evaluations: CheckpointEvaluation[] = [];
  const checkpoints = a === RAW_QUERY ? [b] : [a, b];
  for await (const evaluation of evaluateCheckpoints({ runDir, checkpoints, split }, turn))
    evaluations.push(evaluation);
  const rowsB = evaluations[evaluations.length - 1].rows;
  const rowsA = a === RAW_QUERY ? rowsB.map(asTyped) : evaluations[0].rows;
  return compareEvaluations({ name: a, rows: rowsA }, { name: b, rows: rowsB }, split, ndcgName(rowsB));
}
