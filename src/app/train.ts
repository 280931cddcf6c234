/**
 * @file Training a run: a new one from a start policy, a run that goes on from one of its checkpoints, and a new one that
 * goes on from a checkpoint of another. Each opens all that its configuration names before anything is written.
 */
import { constants, setPriority } from 'node:os';
import { basename, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { Example, Task } from '../data/task.ts';
import { createAdamW, disposeAdamW } from '../model/adamw.ts';
import type { SelectedBackend } from '../model/backend.ts';
import { checkpointName, findResumable, loadOptimizer, saveCheckpoint } from '../runs/checkpoint.ts';
import type { RunEvent } from '../runs/events.ts';
import { linkCheckpoint } from '../runs/link-checkpoint.ts';
import { storedConfig } from './stored-config.ts';
import type { Parent } from '../runs/records.ts';
import { createRun, refuseExistingRun } from '../runs/store.ts';
import { configFrom, givenIn, type RunConfig } from './config.ts';
import { type OpenedReward, openReward } from './open-reward.ts';
import { assertFits, forecastMemory, memorySentence } from './memory.ts';
import { checkPairs } from './pairs.ts';
import { openBackend } from './parts.ts';
import { examplesOf, openTaskOf } from './task-of.ts';
import { loraOf, openStart, openToResume } from './policies.ts';
import { recordTraining, type TrainContext } from './record-training.ts';
import { readRetrieverSpec, recordedRetriever } from './retriever-spec.ts';
import { SETTINGS, type SettingName } from './settings.ts';
import { refuseTakenSinks } from './sinks.ts';

export type { TrainContext } from './record-training.ts';

/**
 * Trains a new run.
 *
 * @throws UserError for anything in the configuration that cannot be opened, and when the folder already holds a run.
 */
export async function* startTraining(
  request: { readonly runDir: string; readonly config: RunConfig },
  context: TrainContext,
): AsyncGenerator<RunEvent> {
  const { runDir } = request;
  const config = { ...request.config, retriever: await recordedRetriever(request.config.retriever) };
  await readRetrieverSpec(config.retriever);
  loraOf(config); // so that a wrong target is said before anything is loaded
  checkPairs(config);
  refuseTakenSinks(runDir, config);
  const opened = await openNamed(config);
  const forecast = await forecastMemory(opened.task, config, opened.engine.name);
  assertFits(forecast);
  context.note?.(memorySentence(forecast));
  const { policy, reference } = await openStart(config);
  newRun(runDir, config, opened.task);
  const optimizer = createAdamW([...policy.parameters.values()]);
  yield* recordTraining(
    { runDir, config, ...opened, policy, reference, optimizer, startStep: 0, isNew: true },
    context,
  );
}

/**
 * Continues a run from one of its checkpoints, the newest whole one unless another is named. What came after it is taken
 * back and done again, with the same results.
 *
 * @param request.steps a new total, to train for longer.
 */
export async function* resumeTraining(
  request: { readonly runDir: string; readonly steps?: number; readonly checkpoint?: string },
  context: TrainContext,
): AsyncGenerator<RunEvent> {
  const { runDir } = request;
  const stored = storedConfig(runDir);
  const config = request.steps === undefined ? stored : configFrom({ ...stored, steps: request.steps }, '--steps');
  const opened = await openNamed(config);
  const { dir, note } = await findResumable(runDir, request.checkpoint);
  const policies = await openToResume(runDir, dir, config);
  const { step, optimizer } = await loadOptimizer(dir, policies.policy);
  if (step >= config.steps) {
    throw new UserError(
      `${runDir} has finished its ${config.steps} steps; give --steps with a larger number to train on, or --checkpoint to take steps back.`,
    );
  }
  yield* recordTraining(
    { runDir, config, ...opened, ...policies, optimizer, startStep: step, isNew: false, ...(note && { note }) },
    context,
  );
}

export interface ForkRequest {
  readonly runDir: string;
  /** The newest whole checkpoint unless one is named. */
  readonly parent: Omit<Parent, 'checkpoint'> & { readonly checkpoint?: string };
  /** Settings that differ from the parent's. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Begin with an empty optimizer state instead of the parent's. */
  readonly freshOptimizer?: boolean;
}

/**
 * Trains a new run that goes on from another's checkpoint, at its step and held to the same start policy: with the same
 * settings it does what the parent did.
 *
 * @throws UserError for settings that ask for other weights than the parent's.
 */
export async function* forkTraining(request: ForkRequest, context: TrainContext): AsyncGenerator<RunEvent> {
  const { runDir, parent, given } = request;
  const stored = storedConfig(parent.dir);
  const own = { 'sink.jsonl': '', 'sink.tensorboard': '' }; // those are the parent's
  const asked = configFrom({ ...givenIn(stored), ...own, ...given }, 'settings');
  refuseOtherWeights(stored, asked);
  const config = { ...asked, retriever: await recordedRetriever(asked.retriever) };
  await readRetrieverSpec(config.retriever);
  checkPairs(config);
  refuseExistingRun(runDir);
  refuseTakenSinks(runDir, config);
  const opened = await openNamed(config);
  const { name, dir, note } = await findResumable(parent.dir, parent.checkpoint);
  const policies = await openToResume(parent.dir, dir, config);
  const saved = await loadOptimizer(dir, policies.policy);
  const { step } = saved;
  if (step >= config.steps) {
    throw new UserError(
      `${name} of ${parent.dir} is step ${step} of ${config.steps}; give --steps with a larger number.`,
    );
  }
  let { optimizer } = saved;
  if (request.freshOptimizer) {
    disposeAdamW(optimizer);
    optimizer = createAdamW([...policies.policy.parameters.values()]);
  }
  await saveCheckpoint(runDir, step, policies.policy, optimizer);
  if (step > 0) await linkCheckpoint(parent.dir, runDir, checkpointName(0));
  newRun(runDir, config, opened.task, { dir: resolve(parent.dir), checkpoint: name });
  yield* recordTraining(
    { runDir, config, ...opened, ...policies, optimizer, startStep: step, isNew: true, ...(note && { note }) },
    context,
  );
}

/** What training needs besides weights. */
async function openNamed(config: RunConfig): Promise<{
  readonly task: Task;
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly engine: SelectedBackend;
  readonly reward: OpenedReward;
}> {
  const engine = await openEngine(config);
  const task = await openTaskOf(config);
  return {
    task,
    engine,
    train: examplesOf(task, 'train', config),
    validation: examplesOf(task, 'validation', config),
    reward: await openReward(task, config),
  };
}

/** The engine of a training, which lets what the person does go first unless told otherwise. Its threads inherit the priority. */
async function openEngine(config: RunConfig): Promise<SelectedBackend> {
  if (config.priority === 'low') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  return openBackend(config);
}

function newRun(runDir: string, config: RunConfig, task: Task, parent?: Parent): void {
  createRun(runDir, {
    name: basename(runDir),
    config,
    taskName: task.name,
    taskDir: task.dir,
    totalSteps: config.steps,
    startedAt: Date.now(),
    ...(parent && { parent }),
  });
}

/** A fork has the weights of its parent; what they are is not to be set anew. */
function refuseOtherWeights(parent: RunConfig, asked: RunConfig): void {
  const changed = (Object.keys(SETTINGS) as SettingName[]).find(
    (name) => (name === 'model' || name.startsWith('lora.')) && parent[name] !== asked[name],
  );
  if (changed === undefined) return;
  throw new UserError(
    `${changed} is ${parent[changed]} in the parent and cannot change in a fork; start a new run with --model and the folder of the checkpoint instead.`,
  );
}
