/** @file Two arms on the same queries: checkpoints of a run, or a checkpoint against the queries as they were typed. */
import type { Split } from '../data/task.ts';
import { compareEvaluations, type Comparison, ndcgName } from '../runs/comparison.ts';
import { type Evaluated, evaluateArms } from './evaluate.ts';

export interface ComparisonQuestion {
  readonly runDir: string;
  /** What `openArm` takes: a checkpoint's name, or `raw`. */
  readonly a: string;
  readonly b: string;
  readonly split: Split;
}

/** The answers of both on the split, with a paired test. Positive differences speak for `b`. */
export async function compareCheckpoints(
  { runDir, a, b, split }: ComparisonQuestion,
  turn: () => Promise<void>,
): Promise<Comparison> {
  const evaluations: Evaluated[] = [];
  for await (const evaluation of evaluateArms({ runDir, arms: [a, b], split }, turn)) evaluations.push(evaluation);
  const [ofA, ofB] = evaluations;
  return compareEvaluations({ name: a, rows: ofA.rows }, { name: b, rows: ofB.rows }, split, ndcgName(ofB.metrics));
}
