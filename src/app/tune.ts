/**
 * @file The step of a run whose method is not Rec-R1's: before the first one, what it learns from is found.
 */
import type { Task } from '../data/task.ts';
import { type Learn, StepAbandoned, type TrainerParts, type TrainerSettings } from '../rl/trainer.ts';
import { tuneStep, type TuningSettings } from '../rl/tuning.ts';
import type { RunConfig } from './config.ts';
import { exampleFinder, findPairs, type FoundPairs } from './pairs.ts';
import type { PauseGate } from './pause-gate.ts';

/** How often a run says how far its rewrites are sampled. */
const TELL_MILLIS = 5000;

export interface TunedRun {
  readonly runDir: string;
  readonly config: RunConfig;
  readonly task: Task;
}

/** What a step of the run's method is; undefined for that of Rec-R1, which needs no pairs. */
export function learnerOf(
  run: TunedRun,
  parts: TrainerParts,
  settings: TrainerSettings,
  gate: PauseGate,
): Learn | undefined {
  if (run.config.method === 'grpo') return undefined;
  const tuning = tuningSettings(run.config, settings);
  const onProgress = progressTo(gate, parts.now);
  const exampleOf = exampleFinder(run.task);
  let found: FoundPairs | undefined;
  return async (step) => {
    const isFirst = !found;
    found ??= await findPairs({ ...run, parts, settings, exampleOf, onProgress });
    const event = await tuneStep({ ...parts, exampleOf }, tuning, found.pairs, step);
    return { event: isFirst ? { ...event, metrics: { ...event.metrics, ...found.cost } } : event };
  };
}

function tuningSettings(
  config: RunConfig,
  { seed, steps, prompts, schedule, sampling, update }: TrainerSettings,
): TuningSettings {
  return {
    objective: config.method === 'dpo' ? { kind: 'preference', beta: config['dpo.beta'] } : { kind: 'supervised' },
    seed,
    steps,
    pairs: prompts,
    schedule,
    update,
    prompt: sampling.rollout,
  };
}

/** Tells the run what is under way, not too often; ends it when the run is to stop. */
function progressTo(gate: PauseGate, now: () => number): (message: string) => void {
  let toldAt = -Infinity;
  return (message) => {
    if (gate.stop.aborted) throw new StepAbandoned(message);
    if (now() - toldAt < TELL_MILLIS && message.startsWith('Sampling')) return;
    toldAt = now();
    gate.say(message);
  };
}
