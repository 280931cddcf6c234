/**
 * @file Training a run: opens what the configuration names, turns the trainer's wheel, and records each event in the run
 * folder before anybody sees it.
 */
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../base/errors.ts';
import type { Example, Task } from '../data/task.ts';
import type { SelectedBackend } from '../model/backend.ts';
import { type AdamWState, createAdamW, disposeAdamW } from '../model/adamw.ts';
import { patientRetriever } from '../retrieval/patient.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { train as turnTheWheel, type TrainerParts } from '../rl/trainer.ts';
import { checkpointName, findCheckpoint, loadOptimizer, saveCheckpoint } from '../runs/checkpoint.ts';
import type { RunEvent, RunState } from '../runs/events.ts';
import { requestControl } from '../runs/control.ts';
import { keepCheckpoints } from '../runs/keep.ts';
import { openRunReader } from '../runs/reader.ts';
import { createRun, openRunWriter, type RunWriter } from '../runs/store.ts';
import { configFrom, type RunConfig } from './config.ts';
import { type EncodingProgress, encodingLine } from './index-vectors.ts';
import { openRetriever } from './open-retriever.ts';
import { type OpenedReward, openReward } from './open-reward.ts';
import { examplesOf, openBackend, openTaskOf } from './parts.ts';
import { checkPairs } from './pairs.ts';
import { PauseGate } from './pause-gate.ts';
import { disposePolicies, loraOf, openStart, openToResume, type Policies } from './policies.ts';
import { readRetrieverSpec, recordedRetriever } from './retriever-spec.ts';
import { trainerSettings } from './trainer-settings.ts';
import { learnerOf } from './tune.ts';

export interface TrainContext {
  /** End after the step in progress, with a checkpoint. */
  readonly stop: AbortSignal;
  /** End now; the last checkpoint stays. */
  readonly cancel: AbortSignal;
}

/** How often a run says how far its documents are encoded. */
const TELL_MILLIS = 10_000;

/**
 * Trains a new run. Nothing is written before the task, the model and the engine are open.
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
  const engine = await openEngine(config);
  const task = await openTaskOf(config);
  const examples = { train: examplesOf(task, 'train', config), validation: examplesOf(task, 'validation', config) };
  const reward = await openReward(task, config);
  const { policy, reference } = await openStart(config);
  createRun(runDir, {
    name: basename(runDir),
    config,
    taskName: task.name,
    taskDir: task.dir,
    totalSteps: config.steps,
    startedAt: Date.now(),
  });
  const optimizer = createAdamW([...policy.parameters.values()]);
  yield* record(
    { runDir, config, task, ...examples, engine, reward, policy, reference, optimizer, startStep: 0 },
    context,
  );
}

/**
 * Continues a run from its newest checkpoint; steps after it are taken back and done again, with the same results.
 *
 * @param request.steps a new total, to train for longer.
 */
export async function* resumeTraining(
  request: { readonly runDir: string; readonly steps?: number },
  context: TrainContext,
): AsyncGenerator<RunEvent> {
  const { runDir } = request;
  const stored = storedConfig(runDir);
  const config = request.steps === undefined ? stored : configFrom({ ...stored, steps: request.steps }, '--steps');
  const engine = await openEngine(config);
  const task = await openTaskOf(config);
  const examples = { train: examplesOf(task, 'train', config), validation: examplesOf(task, 'validation', config) };
  const reward = await openReward(task, config);
  const checkpoint = await findCheckpoint(runDir, undefined, 'training');
  const { policy, reference } = await openToResume(runDir, checkpoint.dir, config);
  const { step, optimizer } = await loadOptimizer(checkpoint.dir, policy);
  if (step >= config.steps) {
    throw new UserError(
      `${runDir} has finished its ${config.steps} steps; give --steps with a larger number to train on.`,
    );
  }
  yield* record(
    { runDir, config, task, ...examples, engine, reward, policy, reference, optimizer, startStep: step },
    context,
  );
}

/** The engine of a training, which lets what the person does go first unless told otherwise. Its threads inherit the priority. */
async function openEngine(config: RunConfig): Promise<SelectedBackend> {
  if (config.priority === 'low') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  return openBackend(config);
}

/** The configuration that a run was started with. */
export function storedConfig(runDir: string): RunConfig {
  const reader = openRunReader(runDir);
  try {
    return configFrom(reader.info().config, runDir);
  } finally {
    reader.close();
  }
}

interface OpenRun extends Policies {
  readonly runDir: string;
  readonly config: RunConfig;
  readonly task: Task;
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly engine: SelectedBackend;
  readonly reward: OpenedReward;
  readonly optimizer: AdamWState;
  readonly startStep: number;
}

/** Runs the trainer as the run's one writer: every event is in the folder before it is yielded. */
async function* record(run: OpenRun, context: TrainContext): AsyncGenerator<RunEvent> {
  const writer = openRunWriter(run.runDir, { task: run.task });
  let step = run.startStep;
  let retriever: Retriever | undefined;
  const stateEvent = (state: RunState, message?: string, engine?: string): RunEvent => {
    const event: RunEvent = {
      kind: 'state',
      state,
      step,
      ...(message !== undefined && { message }),
      ...(engine && { engine }),
    };
    writer.append(event);
    return event;
  };
  try {
    takeBack(writer, run);
    requestControl(run.runDir, 'run');
    const gate = new PauseGate(run.runDir, context.stop, context.cancel);
    const { notes } = run.task; // how splits were made, what was left out
    const { name, description } = run.engine;
    yield stateEvent('running', notes.length > 0 ? notes.join(' ') : undefined, `${name}: ${description}`);
    retriever = yield* opened(run, gate, stateEvent);
    if (!retriever) {
      yield stateEvent('stopped', 'before its recommender was ready');
      return;
    }
    const parts = trainerParts(run, gate, retriever);
    const settings = trainerSettings(run.config, run.reward.shape);
    const learn = learnerOf(run, parts, settings, gate);
    const events = turnTheWheel(parts, settings, run.startStep, gate.stop, learn);
    for (;;) {
      const next = events.next();
      for (;;) {
        const first = await Promise.race([next, gate.changed()]);
        if (!('state' in first)) break;
        yield stateEvent(first.state, first.message);
      }
      const { done, value: event } = await next;
      if (done) break;
      writer.append(event, 'step' in event ? { step: event.step } : undefined);
      if (event.kind === 'step') step = event.step;
      yield event;
    }
    yield stateEvent(step >= run.config.steps ? 'finished' : 'stopped');
  } catch (error) {
    if (context.cancel.aborted) yield stateEvent('stopped', 'cancelled in the middle of a step');
    else {
      stateEvent('failed', messageOf(error));
      throw error;
    }
  } finally {
    writer.close();
    await retriever?.dispose?.();
    await run.reward.dispose();
    disposeAdamW(run.optimizer);
    disposePolicies(run);
  }
}

/**
 * Opens the recommender; nothing when the run is stopped meanwhile. A dense one may encode a corpus first, for minutes or
 * hours: the run says how far that is, and can be paused and stopped.
 */
async function* opened(
  { task, config }: OpenRun,
  gate: PauseGate,
  stateEvent: (state: RunState, message?: string) => RunEvent,
): AsyncGenerator<RunEvent, Retriever | undefined> {
  let progress: EncodingProgress | undefined;
  const onProgress = async (encoded: EncodingProgress): Promise<void> => {
    progress = encoded;
    await gate.turn();
  };
  const opening = openRetriever(task, config, { onProgress, signal: gate.stop });
  for (;;) {
    const tell = sleep(TELL_MILLIS, undefined, { ref: false });
    const first = await Promise.race([opening, gate.changed(), tell]).catch((error: unknown) => {
      if (!gate.stop.aborted) throw error;
      return 'stopped' as const;
    });
    if (first === 'stopped') return undefined;
    if (first && 'search' in first) return first;
    if (first) yield stateEvent(first.state, first.message);
    else if (progress) yield stateEvent('running', encodingLine(progress));
  }
}

/** Makes the record agree with the checkpoint that training goes on from. */
function takeBack(writer: RunWriter, { runDir, startStep, config }: OpenRun): void {
  writer.setTotalSteps(config.steps);
  if (startStep === 0) return;
  writer.discardAfter(startStep);
  // A process that died between writing the folder and recording it left a checkpoint that only the folder knows.
  const reader = openRunReader(runDir);
  const isRecorded = reader.checkpoints().some(({ step }) => step === startStep);
  reader.close();
  if (!isRecorded) writer.append({ kind: 'checkpoint', step: startStep, name: checkpointName(startStep) });
}

function trainerParts(run: OpenRun, gate: PauseGate, retriever: Retriever): TrainerParts {
  const { runDir, config, policy, reference, optimizer, train, validation } = run;
  const wait = (reason: string): Promise<void> => gate.pauseFor(reason);
  return {
    policy,
    reference,
    optimizer,
    train,
    validation,
    retriever: patientRetriever(retriever, { maxFailed: config['retriever.maxFailed'], wait }),
    evaluationRetriever: patientRetriever(retriever, { maxFailed: 0, wait }),
    saveCheckpoint: async (step) => {
      const name = await saveCheckpoint(runDir, step, policy, optimizer);
      await keepCheckpoints(runDir, config['checkpoint.keep']);
      return name;
    },
    now: () => gate.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    turn: () => gate.turn(),
  };
}
