/**
 * @file The policy update of GRPO: scored completions in, a better policy out. Completions of like length are padded
 * together into micro-batches bounded by tokens.
 */
import * as tf from '@tensorflow/tfjs-core';
import { rngFrom, shuffled } from '../base/rng.ts';
import type { AdamWState } from '../model/adamw.ts';
import { withDropout } from '../model/lora.ts';
import type { Policy } from '../model/policy.ts';
import { type ModelConfig, sharesPrompts } from '../model/weights.ts';
import type { Aggregation, Correction } from './choices.ts';
import { correctionsOf } from './corrections.ts';
import { gradientBatches, type GradientSettings } from './gradient-batches.ts';
import { aggregate, grpoSums, type LossChoices, type LossSums, type ScoredTokens } from './grpo.ts';
import { logProbsOf } from './log-probs.ts';
import { type Divisors, isFiniteOn, optimizerStep, type OptimizerSettings, type StepResult } from './optimizer-step.ts';
import { perToken, predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';

/** One completion to learn from. */
export interface ScoredSequence extends TokenSequence {
  /** Of each token when it was sampled, under the whole distribution … */
  readonly logProbs: readonly number[];
  /** … and under the one it was drawn from. */
  readonly samplingLogProbs: readonly number[];
  /** Of each token under the frozen start policy. */
  readonly reference: readonly number[];
  readonly advantage: number;
}

export interface UpdateSettings extends LossChoices, OptimizerSettings, GradientSettings {
  /** The temperature of sampling: log-probabilities are those of the scaled distribution. */
  readonly temperature: number;
  readonly aggregation: Aggregation;
  /** The length that `constant` aggregation divides by. */
  readonly maxNewTokens: number;
  /** Passes over the completions. */
  readonly epochs: number;
  /** Parts of the completions in a pass, an optimizer step each. */
  readonly miniBatches: number;
  readonly correction: Correction;
  readonly correctionCap: number;
}

/** Per token, in the last epoch. */
export interface UpdateStatistics {
  readonly loss: number;
  readonly kl: number;
  readonly entropy: number;
  readonly clipFraction: number;
  /** Mean weight of the correction for how tokens were drawn; 1 without it. */
  readonly correction: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** Optimizer steps, of all epochs, that were left out because loss or gradient was not finite. */
  readonly skippedUpdates: number;
}

const NOTHING_LEARNT: UpdateStatistics = {
  loss: 0,
  kl: 0,
  entropy: 0,
  clipFraction: 0,
  correction: 1,
  gradNorm: 0,
  skippedUpdates: 0,
};

type ScoredBatch = TokenBatch & Omit<ScoredTokens, 'current'>;

/** The completions of one optimizer step. */
interface MiniBatch {
  readonly per: Divisors;
  readonly checkpointing: boolean;
  readonly micro: ScoredBatch[];
}

/** `epochs` passes over a batch of completions. `turn` is awaited between micro-batches and may throw to cancel. */
export async function updatePolicy(
  policy: Policy,
  optimizer: AdamWState,
  sequences: readonly ScoredSequence[],
  settings: UpdateSettings,
  random: { readonly seed: number; readonly step: number },
  turn: () => Promise<void>,
): Promise<UpdateStatistics> {
  if (sequences.length === 0) return NOTHING_LEARNT; // every search failed, or no group has a signal
  const corrected = await withCorrections(policy, sequences, settings, turn);
  const miniBatches: MiniBatch[] = [];
  try {
    for (const part of splitIn(corrected, settings.miniBatches, random))
      miniBatches.push(miniBatch(part, policy.config, settings));
    const batches = miniBatches.flatMap(({ micro }) => micro);
    let results: StepResult[] = [];
    let skippedUpdates = 0;
    for (let epoch = 0; epoch < settings.epochs; epoch++) {
      results = [];
      for (const { micro, per, checkpointing } of miniBatches) {
        const options = { checkpointing, entropies: settings.entropy > 0 };
        const sumsOf = (batch: ScoredBatch): LossSums => {
          const learner = dropping(policy, random.seed, random.step, epoch, batches.indexOf(batch));
          return grpoSums({ ...batch, current: predict(learner, batch, settings.temperature, options) }, settings);
        };
        const result = await optimizerStep(policy, optimizer, micro, sumsOf, per, settings, turn);
        results.push(result);
        if (!result.applied) skippedUpdates++;
      }
    }
    return { ...meanStatistics(results, miniBatches), skippedUpdates };
  } finally {
    for (const { micro } of miniBatches) for (const batch of micro) tf.dispose(Object.values(batch));
  }
}

/** The first completion whose own loss or gradient is not finite; undefined when only a sum of them overflows. */
export async function firstNotFinite<S extends ScoredSequence>(
  policy: Policy,
  sequences: readonly S[],
  settings: UpdateSettings,
  turn: () => Promise<void>,
): Promise<S | undefined> {
  const corrected = await withCorrections(policy, sequences, settings, turn);
  for (const [i, sequence] of corrected.entries()) {
    const batch = scoredBatch([{ ...sequence, weight: 1 }], settings, false);
    const sums = (): LossSums =>
      grpoSums({ ...batch, current: predict(policy, batch, settings.temperature) }, settings);
    try {
      if (!(await isFiniteOn(policy, sums))) return sequences[i];
    } finally {
      tf.dispose(Object.values(batch));
    }
    await turn();
  }
  return undefined;
}

/** The policy with the dropout of its adapters on; sampling, evaluation and the reference never see it. */
export function dropping(policy: Policy, seed: number, ...names: readonly number[]): Policy {
  if (!policy.lora) return policy;
  return { ...policy, weights: withDropout(policy.weights, policy.lora.config.dropout, seed, ...names) };
}

interface CorrectedSequence extends ScoredSequence {
  readonly corrections: readonly number[];
}

/** A correction needs what training, not sampling, makes of the tokens; the ratio is then taken to that too. */
async function withCorrections(
  policy: Policy,
  sequences: readonly ScoredSequence[],
  settings: UpdateSettings,
  turn: () => Promise<void>,
): Promise<CorrectedSequence[]> {
  const { correction, correctionCap } = settings;
  const training = correction === 'off' ? undefined : await logProbsOf(policy, sequences, settings, turn);
  return sequences.map((sequence, i) => {
    const logProbs = training?.[i] ?? sequence.logProbs;
    const corrections = correctionsOf(correction, logProbs, sequence.samplingLogProbs, correctionCap);
    return { ...sequence, logProbs, corrections };
  });
}

/** At most `count` parts of nearly the same size, drawn at random. */
function splitIn<S>(
  sequences: readonly S[],
  count: number,
  { seed, step }: { readonly seed: number; readonly step: number },
): readonly (readonly S[])[] {
  if (count === 1) return [sequences];
  const mixed = shuffled(sequences, rngFrom(seed, 'mini-batches', step));
  const parts = Math.min(count, mixed.length);
  const start = (part: number): number => Math.floor((part * mixed.length) / parts);
  return Array.from({ length: parts }, (_, part) => mixed.slice(start(part), start(part + 1)));
}

function miniBatch(sequences: readonly CorrectedSequence[], config: ModelConfig, settings: UpdateSettings): MiniBatch {
  const shares = sharesPrompts(config);
  const lengths = sequences.map(({ tokens }) => tokens.length);
  const { weights, divisor } = aggregate(settings.aggregation, lengths, settings.maxNewTokens);
  const weighted = sequences.map((sequence, i) => ({ ...sequence, weight: weights[i] }));
  const { batches, checkpointing } = gradientBatches(weighted, config, settings, { shares });
  return {
    per: { tokens: lengths.reduce((sum, length) => sum + length, 0), loss: divisor },
    checkpointing,
    micro: batches.map((batch) => scoredBatch(batch, settings, shares)),
  };
}

function scoredBatch(
  sequences: readonly (CorrectedSequence & { readonly weight: number })[],
  { ratio }: UpdateSettings,
  shares: boolean,
): ScoredBatch {
  return {
    ...tokenBatch(sequences, shares),
    old: tf.tensor1d(perToken(sequences, ({ logProbs }, token) => logProbs[token])),
    reference: tf.tensor1d(perToken(sequences, ({ reference }, token) => reference[token])),
    advantages: tf.tensor1d(perToken(sequences, ({ advantage }) => advantage)),
    weights: tf.tensor1d(perToken(sequences, ({ weight }) => weight)),
    corrections: tf.tensor1d(perToken(sequences, ({ corrections }, token) => corrections[token])),
    ...(ratio !== 'token' && { members: membersOf(sequences) }),
  };
}

/** [N, S]: 1 where the token belongs to the sequence. */
function membersOf(sequences: readonly TokenSequence[]): tf.Tensor2D {
  const rows = perToken(sequences, (_, __, row) => row);
  const members = new Float32Array(rows.length * sequences.length);
  for (const [token, row] of rows.entries()) members[token * sequences.length + row] = 1;
  return tf.tensor2d(members, [rows.length, sequences.length]);
}

/** Means over the tokens of all mini-batches. */
function meanStatistics(
  results: readonly StepResult[],
  miniBatches: readonly MiniBatch[],
): Omit<UpdateStatistics, 'skippedUpdates'> {
  const total = miniBatches.reduce((sum, { per }) => sum + per.tokens, 0);
  const mean = (value: (result: StepResult) => number): number =>
    results.reduce((sum, result, i) => sum + value(result) * (miniBatches[i].per.tokens / total), 0);
  return {
    loss: mean(({ loss }) => loss),
    kl: mean(({ statistics }) => statistics[0]),
    entropy: mean(({ statistics }) => statistics[1]),
    clipFraction: mean(({ statistics }) => statistics[2]),
    correction: mean(({ statistics }) => statistics[3]),
    gradNorm: mean(({ gradNorm }) => gradNorm),
  };
}
