/** @file Evaluating arms on a split of a task: the checkpoints of a run, the raw query, and what is to be compared with them. */
import type { Split } from '../data/task.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import {
  type EvaluationCost,
  type EvaluationFrame,
  evaluateArm,
  evaluateBaseline,
  evaluationMeans,
} from '../rl/evaluate.ts';
import type { EvaluationRow } from '../runs/events.ts';
import { configFrom, type RunConfig } from './config.ts';
import { openArm } from './open-arm.ts';
import { openRetriever } from './open-retriever.ts';
import { examplesOf, openBackend, openTaskOf } from './parts.ts';
import { storedConfig } from './train.ts';

export interface Evaluated {
  /** The arm's name. */
  readonly arm: string;
  readonly split: Split;
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly cost: EvaluationCost;
  readonly rows: readonly EvaluationRow[];
}

export interface EvaluationQuestion {
  /** Its configuration says what is searched and how it is measured; without a run, `settings` alone do. */
  readonly runDir?: string;
  /** Settings that win over those of the run. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** As in {@link openArm}. */
  readonly arms: readonly string[];
  readonly split: Split;
}

/**
 * Evaluates arms one after another on the same examples, with the same recommender.
 *
 * @throws UserError for an unknown run or arm, an empty split, and a search that fails.
 */
export async function* evaluateArms(
  question: EvaluationQuestion,
  turn: () => Promise<void>,
): AsyncGenerator<Evaluated> {
  const { runDir, arms, split } = question;
  const config = configOf(question);
  await openBackend(config);
  const task = await openTaskOf(config);
  const examples = examplesOf(task, split, config);
  const retriever = await openRetriever(task, config);
  try {
    const frame = frameOf(retriever, config, turn);
    const baseline = await evaluateBaseline(examples, retriever, frame.k);
    for (const name of arms) {
      const { arm } = await openArm(name, { config, task, ...(runDir !== undefined && { runDir }) });
      try {
        const { rows, cost } = await evaluateArm(arm, examples, baseline, frame);
        yield { arm: arm.name, split, ...evaluationMeans(rows), cost, rows };
      } finally {
        await arm.dispose?.();
      }
    }
  } finally {
    await retriever.dispose?.();
  }
}

function configOf({ runDir, settings = {} }: EvaluationQuestion): RunConfig {
  return runDir === undefined
    ? configFrom(settings, 'settings')
    : configFrom({ ...storedConfig(runDir), ...settings }, 'settings');
}

function frameOf(retriever: Retriever, config: RunConfig, turn: () => Promise<void>): EvaluationFrame {
  return {
    retriever,
    k: config['evaluation.k'],
    samples: config['evaluation.samples'],
    turn,
    now: () => performance.now(),
  };
}
