/**
 * @file Recording a training: the trainer's wheel is turned, what it yields is in the run folder before anybody sees it,
 * and what happens to the run itself (pauses, guards, an end) is recorded between.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import { isDiskFull } from '../base/full-disk.ts';
import type { Example, Task } from '../data/task.ts';
import { type AdamWState, disposeAdamW } from '../model/adamw.ts';
import { betweenKernels, type SelectedBackend } from '../model/backend.ts';
import { patientRetriever } from '../retrieval/patient.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { endsTraining, type WatchedMetrics } from '../rl/guards.ts';
import { StepAbandoned, train as turnTheWheel, type TrainerParts } from '../rl/trainer.ts';
import { checkpointStep, listCheckpoints, saveCheckpoint } from '../runs/checkpoint.ts';
import { requestControl } from '../runs/control.ts';
import type { RunEvent, RunState } from '../runs/events.ts';
import { keepCheckpoints, removeCheckpointsAfter } from '../runs/keep.ts';
import { openRunReader } from '../runs/reader.ts';
import { openRunWriter, type RunWriter } from '../runs/store.ts';
import type { RunConfig } from './config.ts';
import { type EncodingProgress, encodingLine } from './index-vectors.ts';
import { openRetriever } from './open-retriever.ts';
import type { OpenedReward } from './open-reward.ts';
import { PauseGate, type PauseReason } from './pause-gate.ts';
import { disposePolicies, type Policies } from './policies.ts';
import { saveWithRoom } from './room.ts';
import { openSinks } from './sinks.ts';
import { trainerSettings } from './trainer-settings.ts';
import { learnerOf } from './tune.ts';

export interface TrainContext {
  /** End after the step in progress, with a checkpoint. */
  readonly stop: AbortSignal;
  /** End now; the last checkpoint stays. */
  readonly cancel: AbortSignal;
  /** A pause may block the whole process, in the middle of a gradient: nobody asks it for anything but through the run folder. */
  readonly mayBlock?: boolean;
  /** Told what the user may want to know before the first event. */
  readonly note?: (text: string) => void;
}

/** How often a run says how far its documents are encoded. */
const TELL_MILLIS = 10_000;

export interface OpenRun extends Policies {
  readonly runDir: string;
  readonly config: RunConfig;
  readonly task: Task;
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly engine: SelectedBackend;
  readonly reward: OpenedReward;
  readonly optimizer: AdamWState;
  readonly startStep: number;
  /** Whether the run has recorded nothing yet: what it begins with is evaluated and saved first. */
  readonly isNew: boolean;
  /** What somebody should know of how it goes on. */
  readonly note?: string;
}

/** Runs the trainer as the run's one writer: every event is in the folder before it is yielded. */
export async function* recordTraining(run: OpenRun, context: TrainContext): AsyncGenerator<RunEvent> {
  const writer = openRunWriter(run.runDir, { task: run.task });
  let step = run.startStep;
  let ended: string | undefined;
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
  const pausedFor = ({ guard, message }: PauseReason): RunEvent => {
    const event: RunEvent = { kind: 'guard', guard, step, message };
    writer.append(event);
    return event;
  };
  try {
    await takeBack(writer, run);
    const tell = openSinks(run.runDir, run.config);
    requestControl(run.runDir, 'run');
    const gate = new PauseGate(run.runDir, context.stop, context.cancel);
    const stoodStill: RunEvent[] = [];
    if (context.mayBlock) {
      betweenKernels(() => gate.standsStill((state) => stoodStill.push(stateEvent(state))));
    }
    const { notes } = run.task; // how splits were made, what was left out
    const said = run.note === undefined ? notes : [run.note, ...notes];
    const { name, description } = run.engine;
    yield stateEvent('running', said.length > 0 ? said.join(' ') : undefined, `${name}: ${description}`);
    retriever = yield* opened(run, gate, stateEvent);
    if (!retriever) {
      yield stateEvent('stopped', 'before its recommender was ready');
      return;
    }
    const parts = trainerParts(run, gate, retriever);
    const settings = trainerSettings(run.config, run.reward.shape);
    const learn = learnerOf(run, parts, settings, gate);
    const events = turnTheWheel(parts, settings, run, gate.stop, learn);
    for (;;) {
      const next = events.next();
      for (;;) {
        const first = await Promise.race([next, gate.changed()]);
        if (!('state' in first)) break;
        const { state, message, guard } = first;
        if (guard && message !== undefined) yield pausedFor({ guard, message });
        yield stateEvent(state, message);
      }
      const { done, value: event } = await next;
      yield* stoodStill.splice(0);
      if (done) break;
      writer.append(event, 'step' in event ? { step: event.step } : undefined);
      tell(event);
      if (event.kind === 'step') step = event.step;
      if (event.kind === 'guard') ended = event.message;
      yield event;
    }
    yield ended === undefined && step >= run.config.steps ? stateEvent('finished') : stateEvent('stopped', ended);
  } catch (error) {
    if (context.cancel.aborted) yield stateEvent('stopped', 'cancelled in the middle of a step');
    else if (error instanceof StepAbandoned) yield stateEvent('stopped', error.message);
    else {
      try {
        if (isDiskFull(error)) yield pausedFor({ guard: 'disk', message: messageOf(error) });
        stateEvent('failed', messageOf(error));
      } catch (another) {
        if (!isDiskFull(another)) throw another; // where a step had no room, its failure may have none either
      }
      throw error;
    }
  } finally {
    betweenKernels(undefined);
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

/** Makes the record agree with the checkpoint that training goes on from: what came later is taken back. */
async function takeBack(writer: RunWriter, { runDir, startStep, config, isNew }: OpenRun): Promise<void> {
  writer.setTotalSteps(config.steps);
  if (!isNew) {
    await removeCheckpointsAfter(runDir, startStep); // first: a folder that stays would be the newest after a crash here
    writer.discardAfter(startStep);
  }
  // A process that died between writing the folder and recording it left a checkpoint that only the folder knows, and a
  // fork brings its start policy.
  const reader = openRunReader(runDir);
  const recorded = new Set(reader.checkpoints().map(({ name }) => name));
  reader.close();
  for (const name of await listCheckpoints(runDir)) {
    if (!recorded.has(name)) writer.append({ kind: 'checkpoint', step: checkpointStep(name), name });
  }
}

function trainerParts(run: OpenRun, gate: PauseGate, retriever: Retriever): TrainerParts {
  const { runDir, config, policy, reference, optimizer, train, validation } = run;
  const wait = (reason: PauseReason): Promise<void> => gate.pauseFor(reason);
  const waitForSearches = (message: string): Promise<void> => wait({ guard: 'retriever', message });
  const titles = new Map(run.task.documents.map(({ id, title }) => [id, title]));
  return {
    policy,
    reference,
    optimizer,
    train,
    validation,
    titleOf: (id) => titles.get(id),
    history: guardedHistory(runDir),
    retriever: patientRetriever(retriever, { maxFailed: config['retriever.maxFailed'], wait: waitForSearches }),
    evaluationRetriever: patientRetriever(retriever, { maxFailed: 0, wait: waitForSearches }),
    saveCheckpoint: async (step) => {
      const name = await saveWithRoom(runDir, policy, wait, () => saveCheckpoint(runDir, step, policy, optimizer));
      await keepCheckpoints(runDir, config['checkpoint.keep']);
      return name;
    },
    now: () => gate.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    turn: () => gate.turn(),
  };
}

/**
 * The steps that guards look back on. What a guard stopped and somebody resumed was seen and accepted: they begin anew
 * after it.
 */
function guardedHistory(runDir: string): WatchedMetrics[] {
  const reader = openRunReader(runDir);
  try {
    const events = reader.eventsAfter(0).filter(({ discarded }) => !discarded);
    const last = events.findLastIndex((event) => event.kind === 'guard' && endsTraining(event.guard));
    return events.slice(last + 1).flatMap((event) => {
      if (event.kind !== 'step') return [];
      const { loss, gradNorm, skippedUpdates, entropy, formatOk, truncated } = event.metrics;
      return [{ loss, gradNorm, skippedUpdates, entropy, formatOk, truncated }];
    });
  } finally {
    reader.close();
  }
}
