/** @file Evaluating a checkpoint of a run on a split: greedy rewrites against the raw query, query by query. */
import type { Split } from '../data/task.ts';
import { disposePolicy } from '../model/policy.ts';
import { evaluateBaseline, evaluatePolicy, evaluationMeans } from '../rl/evaluate.ts';
import { findCheckpoint } from '../runs/checkpoint.ts';
import type { EvaluationRow } from '../runs/events.ts';
import { openRetriever } from './open-retriever.ts';
import { examplesOf, openBackend, openTaskOf, rolloutSettings } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import { storedConfig } from './train.ts';

export interface CheckpointEvaluation {
  readonly checkpoint: string;
  readonly split: Split;
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly rows: readonly EvaluationRow[];
}

export interface CheckpointQuestion {
  readonly runDir: string;
  /** Names of checkpoints; the newest when left out. */
  readonly checkpoints: readonly (string | undefined)[];
  readonly split: Split;
}

/**
 * Evaluates checkpoints one after another on the same examples.
 *
 * @throws UserError for an unknown run or checkpoint, an empty split, and a search that fails.
 */
export async function* evaluateCheckpoints(
  { runDir, checkpoints, split }: CheckpointQuestion,
  turn: () => Promise<void>,
): AsyncGenerator<CheckpointEvaluation> {
  const config = storedConfig(runDir);
  const found = await Promise.all(checkpoints.map((name) => findCheckpoint(runDir, name)));
  await openBackend(config);
  const task = await openTaskOf(config);
  const retriever = await openRetriever(task, config);
  const examples = examplesOf(task, split, config);
  const k = config['evaluation.k'];
  try {
    const baseline = await evaluateBaseline(examples, retriever, k);
    for (const { name, dir } of found) {
      const policy = await openCheckpoint(dir, config);
      try {
        const settings = { rollout: rolloutSettings(config), k };
        const rows = await evaluatePolicy(policy, examples, baseline, retriever, settings, turn);
        yield { checkpoint: name, split, ...evaluationMeans(rows), rows };
      } finally {
        disposePolicy(policy);
      }
    }
  } finally {
    await retriever.dispose?.();
  }
}
