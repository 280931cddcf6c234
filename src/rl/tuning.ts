/**
 * @file The step of the methods that Rec-R1 is compared with: it learns from pairs instead of from rewards. Supervised
 * fine-tuning raises the answers of pairs; DPO raises them over those that are to be avoided. Where pairs come from is not
 * decided here.
 */
import type { AdamWState } from '../model/adamw.ts';
import { promptOf } from '../data/prompt.ts';
import type { Example } from '../data/task.ts';
import { encodePrompt, type Policy } from '../model/policy.ts';
import type { TrainEvent, TuningMetrics } from '../runs/events.ts';
import { dpoStep, type Preference } from './dpo.ts';
import type { Pair } from './pairs.ts';
import type { RolloutSettings } from './rollout.ts';
import { sftStep, type SupervisedSettings } from './sft.ts';
import type { TokenSequence } from './token-batch.ts';
import { batchOf, type RateSchedule, rateFactor } from './trainer.ts';

export type Objective = { readonly kind: 'supervised' } | { readonly kind: 'preference'; readonly beta: number };

export interface TuningSettings {
  readonly objective: Objective;
  readonly seed: number;
  readonly steps: number;
  /** Pairs per step. */
  readonly pairs: number;
  readonly schedule: RateSchedule;
  readonly update: SupervisedSettings;
  readonly prompt: Pick<RolloutSettings, 'promptStyle' | 'maxPromptTokens'>;
}

export interface TuningParts {
  readonly policy: Policy;
  /** The frozen start policy. */
  readonly reference: Policy;
  readonly optimizer: AdamWState;
  /** What a pair answers. */
  readonly exampleOf: (pair: Pair) => Example;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly turn: () => Promise<void>;
}

type Learnt = Pick<TuningMetrics, 'loss' | 'gradNorm' | 'accuracy' | 'margin'>;

/** Learns from the pairs of a step, which walks through a new shuffle of them in every epoch. */
export async function tuneStep(
  parts: TuningParts,
  settings: TuningSettings,
  pairs: readonly Pair[],
  step: number,
): Promise<TrainEvent & { readonly kind: 'step' }> {
  const started = parts.now();
  const batch = batchOf(pairs, settings.pairs, settings.seed, step);
  const learningRate = settings.update.learningRate * rateFactor(step, settings.steps, settings.schedule);
  const answers = batch.map((pair) => answersOf(parts, pair, settings.prompt));
  const learnt = await learn(parts, settings, answers, learningRate, step);
  const lengths = answers.flatMap(({ tokens }) => tokens.map(({ length }) => length));
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const stepSeconds = (parts.now() - started) / 1000;
  return {
    kind: 'step',
    step,
    groups: batch,
    metrics: {
      ...learnt,
      length: tokens / lengths.length,
      tokens,
      learningRate,
      tokensPerSecond: tokens / stepSeconds,
      stepSeconds,
    },
  };
}

async function learn(
  { policy, reference, optimizer, turn }: TuningParts,
  { objective, update, seed }: TuningSettings,
  answers: readonly Answers[],
  learningRate: number,
  step: number,
): Promise<Learnt> {
  const random = { seed, step };
  const settings = { ...update, learningRate };
  switch (objective.kind) {
    case 'supervised':
      return sftStep(policy, optimizer, answers.map(sequenceOf), settings, turn, random);
    case 'preference': {
      const { beta } = objective;
      const preferences = answers.map(preferenceOf);
      return dpoStep(policy, reference, optimizer, preferences, { ...settings, beta }, random, turn);
    }
    default:
      return objective satisfies never;
  }
}

interface Answers {
  readonly promptIds: readonly number[];
  /** Of the answer to learn, then of the one to avoid. */
  readonly tokens: readonly (readonly number[])[];
}

function answersOf({ policy, exampleOf }: TuningParts, pair: Pair, settings: TuningSettings['prompt']): Answers {
  const prompt = promptOf(exampleOf(pair), settings.promptStyle);
  return {
    promptIds: encodePrompt(policy.tokenizer, prompt, settings.maxPromptTokens).ids,
    tokens: pair.rollouts.map(({ text }) => completionTokens(policy, text)),
  };
}

function sequenceOf({ promptIds, tokens }: Answers): TokenSequence {
  return { promptIds, tokens: tokens[0] };
}

function preferenceOf({ promptIds, tokens: [chosen, rejected] }: Answers): Preference {
  return { promptIds, chosen, rejected };
}

/** A completion with the token that ends the model's turn, so that it learns to stop. */
export function completionTokens({ tokenizer }: Policy, text: string): number[] {
  return [...tokenizer.encode(text), ...tokenizer.endIds.slice(0, 1)];
}
