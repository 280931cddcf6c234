/**
 * @file Evaluating arms on a split of a task: the checkpoints of a run, the raw query, and what is to be compared with them.
 * What was found is left in the run folder.
 */
import type { Split, Task } from '../data/task.ts';
import { type ArmEvaluation, evaluateArm, evaluateBaseline, evaluationMeans } from '../rl/evaluate.ts';
import { type RecordedEvaluation, writeEvaluation } from '../runs/evaluations.ts';
import type { EvaluationRow } from '../runs/events.ts';
import type { TrainingCost } from '../runs/training-cost.ts';
import { bootstrapIntervals, type Interval } from '../runs/statistics.ts';
import { configFrom } from './config.ts';
import { type ArmSettings, checkArms, evaluationSettings, openArm, type OpenedArm } from './open-arm.ts';
import { openRetriever } from './open-retriever.ts';
import { openBackend } from './parts.ts';
import { examplesOf, openTaskOf } from './task-of.ts';
import { storedConfig } from './stored-config.ts';

/** As it is recorded, under the name that it has in the table. */
export interface Evaluated extends Omit<RecordedEvaluation, 'layout' | 'weights'> {
  /** What it took to make the arm, where that is known. */
  readonly training?: TrainingCost;
  /** What a reader of its numbers should know. */
  readonly note?: string;
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
 * Evaluates arms one after another on the same examples, with the same recommender, and records each in the folder of its run.
 *
 * @throws UserError for an unknown run or arm, an empty split, and a search that fails.
 */
export async function* evaluateArms(
  question: EvaluationQuestion,
  turn: () => Promise<void>,
): AsyncGenerator<Evaluated> {
  const { arms, split } = question;
  checkArms(arms);
  const context = armSettings(question);
  const { config } = context;
  await openBackend(config);
  const task = await openTaskOf(config);
  const examples = examplesOf(task, split, config);
  const retriever = await openRetriever(task, config);
  const [k, samples] = [config['evaluation.k'], config['evaluation.samples']];
  const frame = { retriever, k, samples, turn, now: () => performance.now() };
  try {
    const baseline = await evaluateBaseline(examples, retriever, k);
    for (const name of arms) {
      const opened = await openArm(name, { ...context, task });
      try {
        const { arm } = opened;
        const evaluated = summarised(opened, split, task, await evaluateArm(arm, examples, baseline, frame));
        await record(opened, evaluated, question.runDir);
        const note = arm.note?.(examples);
        yield {
          ...evaluated,
          ...(arm.training && { training: arm.training }),
          ...(note !== undefined && { note }),
        };
      } finally {
        await opened.arm.dispose?.();
      }
    }
  } finally {
    await retriever.dispose?.();
  }
}

export function armSettings({ runDir, settings = {} }: Pick<EvaluationQuestion, 'runDir' | 'settings'>): ArmSettings {
  const stored = runDir === undefined ? {} : storedConfig(runDir);
  const config = configFrom({ ...stored, ...settings }, 'settings');
  return { config, given: settings, ...(runDir !== undefined && { runDir }) };
}

/** 95 % intervals of the means of all metrics. */
export function intervalsOf(rows: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, Interval>> {
  const names = Object.keys(rows[0] ?? {});
  const intervals = bootstrapIntervals(names.map((name) => rows.map((row) => row[name])));
  return Object.fromEntries(names.map((name, i) => [name, intervals[i]]));
}

function summarised({ arm, config }: OpenedArm, split: Split, task: Task, { rows, cost }: ArmEvaluation): Evaluated {
  return {
    arm: arm.name,
    split,
    settings: evaluationSettings(config),
    at: Date.now(),
    ...evaluationMeans(rows),
    intervals: intervalsOf(rows.map(({ metrics }) => metrics)),
    cost: { ...cost },
    rows,
    ...shownOf(rows, task),
  };
}

/** Titles and grades, so that the rows can be shown from the run folder alone. */
function shownOf(rows: readonly EvaluationRow[], task: Task): Pick<Evaluated, 'titles' | 'grades'> {
  const shown = new Set(rows.flatMap(({ top, baselineTop }) => [...top, ...baselineTop]));
  const titles = task.documents.filter(({ id }) => shown.has(id)).map(({ id, title }) => [id, title] as const);
  const ids = new Set(rows.map(({ exampleId }) => exampleId));
  const examples = Object.values(task.examples)
    .flat()
    .filter(({ id }) => ids.has(id));
  return {
    titles: Object.fromEntries(titles),
    grades: Object.fromEntries(examples.map(({ id, relevant }) => [id, Object.fromEntries(relevant)] as const)),
  };
}

async function record({ checkpoint }: OpenedArm, evaluated: Evaluated, runDir: string | undefined): Promise<void> {
  if (checkpoint) await writeEvaluation(checkpoint.runDir, { ...evaluated, arm: checkpoint.name });
  else if (runDir !== undefined) await writeEvaluation(runDir, evaluated);
}
