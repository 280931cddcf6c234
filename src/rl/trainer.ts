/**
 * @file The whole of Rec-R1 in one read: sample rewrites of a batch of queries, let the fixed recommender rank with
 * each, take the ranking quality as the reward, and move the policy towards what did better than its siblings.
 *
 * For a query q and its rewrites o₁ … o_G, with the settings of the paper, a step is:
 *
 *     oᵢ ~ policy(prompt(q))                                       rollout.ts: reasoning, then the rewrite as JSON
 *     rᵢ = 0.1 + NDCG@k of what the recommender finds with oᵢ      reward.ts: 0 if that is nothing, −2 for a wrong format
 *     Aᵢ = (rᵢ − mean of r) / deviation of r                       advantages.ts
 *     loss = mean over tokens of −min(ρ·Aᵢ, clip(ρ)·Aᵢ) + β·KL      grpo.ts: ρ is a token's new over its old probability,
 *                                                                  KL how far the policy is from the frozen start
 *     weights ← AdamW(gradient of the loss)                        update.ts
 *
 * Everything random is a function of the seed and the step, so a run that stops after any step and resumes gives the same
 * numbers as one that never stopped, and there is no random state to save.
 */
import { rngFrom, shuffled } from '../base/rng.ts';
import type { Example, Split } from '../data/task.ts';
import type { AdamWState } from '../model/adamw.ts';
import type { Policy } from '../model/policy.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { Evaluation, RolloutGroup, RolloutPlace, TokenTrace, TrainEvent } from '../runs/events.ts';
import { type Baseline, evaluateBaseline, evaluatePolicy, evaluationMeans } from './evaluate.ts';
import { alarmOf, firstOffender, type GuardSettings, type StoppingGuard, type WatchedMetrics } from './guards.ts';
import { type LessonSettings, lessonsOf } from './lessons.ts';
import { ndcgOf, rankRelevant } from './reward.ts';
import type { SampledCompletion } from './rollout.ts';
import { sampleGroups, type SamplingSettings, taught } from './scored-groups.ts';
import { StepClock } from './step-clock.ts';
import { recordOf, stepMetrics, timesOf } from './step-record.ts';
import { tokenTrace } from './token-trace.ts';
import { firstNotFinite, updatePolicy, type UpdateSettings } from './update.ts';

export interface RateSchedule {
  /** Steps over which the rate rises from 0. */
  readonly warmup: number;
  /** What it does then: stay, or fall along half a cosine to 0 at the last step. */
  readonly decay: 'constant' | 'cosine';
}

export interface TrainerSettings {
  readonly seed: number;
  /** Optimizer steps in all. */
  readonly steps: number;
  /** Queries per step. */
  readonly prompts: number;
  readonly schedule: RateSchedule;
  readonly sampling: SamplingSettings;
  readonly lessons: LessonSettings;
  readonly update: UpdateSettings;
  readonly guards: GuardSettings;
  readonly evaluationK: number;
  /** Sampled rewrites per query in an evaluation, beside the greedy one. */
  readonly evaluationSamples: number;
  readonly evaluateEvery: number;
  readonly checkpointEvery: number;
  /** Whether events have the completions token by token. */
  readonly traceTokens: boolean;
}

export interface TrainerParts {
  readonly policy: Policy;
  /** The frozen start policy. */
  readonly reference: Policy;
  readonly optimizer: AdamWState;
  /** Some of its searches may fail; those rewrites teach nothing. */
  readonly retriever: Retriever;
  /** Answers every query: an evaluation with holes would not be comparable. */
  readonly evaluationRetriever: Retriever;
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  /** The title of a document. */
  readonly titleOf: (id: string) => string | undefined;
  /** Of the steps before, as far as the guards look back. */
  readonly history: readonly WatchedMetrics[];
  /** Saves weights, optimizer and step; returns the checkpoint's name. */
  readonly saveCheckpoint: (step: number) => Promise<string>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Resident memory of this process. */
  readonly memoryBytes: () => number;
  /** Awaited between small pieces of work: lets messages in, waits while paused, throws to cancel at once. */
  readonly turn: () => Promise<void>;
}

export interface TrainingStart {
  /** Finished steps. */
  readonly startStep: number;
  /** Whether the policy is evaluated and saved first, as that of a new run is. */
  readonly isNew: boolean;
}

/** One optimizer step, and what came of it. */
export type Learn = (step: number) => Promise<LearntStep>;

export interface LearntStep {
  readonly event: TrainEvent & { readonly kind: 'step' };
  /** The first rollout that shows what a guard found. */
  readonly firstWith?: (guard: StoppingGuard) => Promise<RolloutPlace | undefined>;
}

/** Thrown by a part that will not finish the step in progress: training ends with a checkpoint of the step before. */
export class StepAbandoned extends Error {}

/**
 * Trains on from `start`, yielding what happened. When `stop` is aborted, or a guard finds that the
 * training has gone wrong, it ends after the step in progress, with a checkpoint.
 *
 * @param learn what a step is; that of Rec-R1 unless another method is to be compared with it.
 */
export async function* train(
  parts: TrainerParts,
  settings: TrainerSettings,
  start: TrainingStart,
  stop: AbortSignal,
  learn: Learn = (step) => trainStep(parts, settings, step),
): AsyncGenerator<TrainEvent, void> {
  const checkpoint = async (step: number): Promise<TrainEvent> => ({
    kind: 'checkpoint',
    step,
    name: await parts.saveCheckpoint(step),
  });
  const isStopped = (): boolean => stop.aborted;
  const history = [...parts.history];
  let finished = start.startStep;
  try {
    const baseline = await evaluateBaseline(parts.validation, parts.evaluationRetriever, settings.evaluationK);
    if (start.isNew) {
      yield await evaluation(parts, settings, baseline, finished);
      yield await checkpoint(finished);
    }
    while (finished < settings.steps && !isStopped()) {
      const step = finished + 1;
      const { event, firstWith } = await learn(step);
      yield event;
      finished = step;
      history.push(event.metrics);
      const alarm = alarmOf(history, settings.guards);
      if (alarm) yield { kind: 'guard', step, ...alarm, rollout: await firstWith?.(alarm.guard) };
      if (step === settings.steps || step % settings.evaluateEvery === 0) {
        yield await evaluation(parts, settings, baseline, step);
      }
      // After the evaluation: a run that dies between the two resumes from an older checkpoint and makes both again.
      const isLast = step === settings.steps || alarm !== undefined || isStopped();
      if (isLast || step % settings.checkpointEvery === 0) yield await checkpoint(step);
      if (alarm) return;
    }
  } catch (error) {
    if (!(error instanceof StepAbandoned)) throw error;
    yield await checkpoint(finished);
  }
}

async function trainStep(parts: TrainerParts, settings: TrainerSettings, step: number): Promise<LearntStep> {
  const started = parts.now();
  const clock = new StepClock(parts.now);
  const { policy, reference, optimizer, retriever, turn } = parts;
  const random = { seed: settings.seed, step };
  const examples = batchOf(parts.train, settings.prompts, settings.seed, step);
  // Queries in place of those whose rewrites all earned the same, where settings ask for that.
  const spares = (attempt: number): Example[] => {
    const draw = (step - 1) * settings.sampling.resampleTries + attempt;
    return batchOf(parts.train, settings.prompts, settings.seed, draw, 'spares');
  };
  // Several rewrites of each query, each searched with and paid for what it finds. All searches come before the update: a
  // step that is abandoned in one has changed nothing.
  const groups = await sampleGroups({ ...parts, clock }, examples, settings.sampling, random, spares);
  const asked = groups.map(({ example }) => example);
  const raw = await clock.time('search', () => rawRankings(asked, retriever, settings.sampling.reward.k));
  // By how much each did better than its siblings, and what the start policy thinks of it, from which this one is not to stray.
  const { sequences, advantages, references } = await clock.time('reference', () =>
    lessonsOf(taught(groups, settings.sampling), reference, settings.lessons, turn),
  );
  // Make likelier what did better.
  const learningRate = settings.update.learningRate * rateFactor(step, settings.steps, settings.schedule);
  const update = await clock.time('update', () =>
    updatePolicy(policy, optimizer, sequences, { ...settings.update, learningRate }, random, turn),
  );

  const trace = (completion: SampledCompletion): TokenTrace | undefined =>
    settings.traceTokens ? tokenTrace(completion, policy.tokenizer, references.get(completion)) : undefined;
  const times = timesOf(clock, (parts.now() - started) / 1000);
  return {
    event: {
      kind: 'step',
      step,
      metrics: {
        ...stepMetrics(groups, update, learningRate, times, parts.titleOf),
        memoryBytes: parts.memoryBytes(),
      },
      groups: groups.map((group, g) => recordOf(group, advantages.get(group), raw[g], trace)),
    },
    firstWith: async (guard) => {
      if (guard !== 'not-finite') return firstOffender(guard, groups);
      const lesson = await firstNotFinite(policy, sequences, settings.update, turn);
      return lesson && { group: groups.indexOf(lesson.group), position: lesson.position };
    },
  };
}

/** What the learning rate is multiplied with in a step, from 0 to 1. */
export function rateFactor(step: number, steps: number, { warmup, decay }: RateSchedule): number {
  const rising = Math.min(1, step / Math.max(1, warmup));
  const progress = Math.max(0, step - 1 - warmup) / Math.max(1, steps - warmup);
  return decay === 'constant' ? rising : (rising * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** The queries of a step: walks through a new shuffle of the training split in every epoch. */
export function batchOf<T>(
  examples: readonly T[],
  size: number,
  seed: number,
  step: number,
  name: 'order' | 'spares' = 'order',
): T[] {
  const first = (step - 1) * size;
  const orders = new Map<number, readonly T[]>();
  return Array.from({ length: size }, (_, i) => {
    const epoch = Math.floor((first + i) / examples.length);
    const order = orders.get(epoch) ?? shuffled(examples, rngFrom(seed, name, epoch));
    orders.set(epoch, order);
    return order[(first + i) % examples.length];
  });
}

/** What the queries as typed get; null for a search that failed. */
export async function rawRankings(
  examples: readonly Example[],
  retriever: Retriever,
  k: number,
): Promise<RolloutGroup['baseline'][]> {
  const queries = examples.map((example) => ({ example, query: example.query }));
  const rankings = await rankRelevant(queries, retriever, k);
  return rankings.map((ranking, i) =>
    ranking.kind === 'failed' ? { ndcg: null, top: [] } : { ndcg: ndcgOf(ranking, examples[i], k), top: ranking.top },
  );
}

async function evaluation(
  parts: TrainerParts,
  settings: TrainerSettings,
  baseline: readonly Baseline[],
  step: number,
): Promise<TrainEvent> {
  const { policy, validation, evaluationRetriever: retriever, turn, now } = parts;
  const frame = { retriever, k: settings.evaluationK, samples: settings.evaluationSamples, turn, now };
  const sampling = { rollout: settings.sampling.rollout, seed: settings.seed };
  const rows = await evaluatePolicy(policy, validation, baseline, frame, sampling);
  const split: Split = 'validation';
  const result: Evaluation = { step, checkpoint: null, split, ...evaluationMeans(rows), rows };
  return { kind: 'evaluation', evaluation: result };
}
