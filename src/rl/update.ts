/**
 * @file The policy update of GRPO: scored completions in, a better policy out. Completions of like length are padded
 * together into micro-batches bounded by tokens.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../model/adamw.ts';
import { withDropout } from '../model/lora.ts';
import type { Policy } from '../model/policy.ts';
import { grpoSums, type LossSums, type LossWeights } from './grpo.ts';
import { optimizerStep, type OptimizerSettings, type StepResult } from './optimizer-step.ts';
import { microBatches, perToken, predict, tokenBatch, type TokenBatch, type TokenSequence } from './token-batch.ts';

/** One completion to learn from. */
export interface ScoredSequence extends TokenSequence {
  /** Of each token when it was sampled. */
  readonly logProbs: readonly number[];
  readonly advantage: number;
}

export interface UpdateSettings extends LossWeights, OptimizerSettings {
  /** The temperature of sampling: log-probabilities are those of the scaled distribution. */
  readonly temperature: number;
  /** Optimizer steps on the same completions. */
  readonly epochs: number;
  readonly microBatchTokens: number;
}

/** Per token, in the last epoch. */
export interface UpdateStatistics {
  readonly loss: number;
  readonly kl: number;
  readonly entropy: number;
  readonly clipFraction: number;
  /** Before clipping. */
  readonly gradNorm: number;
}

interface ScoredBatch extends TokenBatch {
  /** float32 [N] each, as `grpoSums` takes them. */
  readonly old: tf.Tensor1D;
  readonly reference: tf.Tensor1D;
  readonly advantages: tf.Tensor1D;
}

/** `epochs` optimizer steps on a batch of completions. `turn` is awaited between micro-batches and may throw to cancel. */
export async function updatePolicy(
  policy: Policy,
  reference: Policy,
  optimizer: AdamWState,
  sequences: readonly ScoredSequence[],
  settings: UpdateSettings,
  random: { readonly seed: number; readonly step: number },
  turn: () => Promise<void>,
): Promise<UpdateStatistics> {
  const { temperature } = settings;
  const tokens = sequences.reduce((sum, sequence) => sum + sequence.tokens.length, 0);
  if (tokens === 0) return { loss: 0, kl: 0, entropy: 0, clipFraction: 0, gradNorm: 0 }; // every search failed
  const batches: ScoredBatch[] = [];
  try {
    for (const micro of microBatches(sequences, settings.microBatchTokens)) {
      batches.push(scoredBatch(micro, reference, temperature));
      await turn();
    }
    let result: StepResult | undefined;
    for (let epoch = 0; epoch < settings.epochs; epoch++) {
      const sumsOf = (batch: ScoredBatch): LossSums => {
        const learner = dropping(policy, random.seed, random.step, epoch, batches.indexOf(batch));
        return grpoSums({ ...batch, current: predict(learner, batch, temperature) }, settings);
      };
      result = await optimizerStep(policy, optimizer, batches, sumsOf, tokens, settings, turn);
    }
    const { loss = 0, statistics = [], gradNorm = 0 } = result ?? {};
    const [kl, entropy, clipFraction] = statistics;
    return { loss, kl, entropy, clipFraction, gradNorm };
  } finally {
    for (const batch of batches) tf.dispose(Object.values(batch));
  }
}

/** The policy with the dropout of its adapters on; sampling, evaluation and the reference never see it. */
function dropping(policy: Policy, seed: number, ...names: readonly number[]): Policy {
  if (!policy.lora) return policy;
  return { ...policy, weights: withDropout(policy.weights, policy.lora.config.dropout, seed, ...names) };
}

function scoredBatch(sequences: readonly ScoredSequence[], reference: Policy, temperature: number): ScoredBatch {
  const batch = tokenBatch(sequences);
  return {
    ...batch,
    old: tf.tensor1d(perToken(sequences, ({ logProbs }, token) => logProbs[token])),
    reference: tf.tidy(() => tf.unstack(predict(reference, batch, temperature), 1)[0] as tf.Tensor1D),
    advantages: tf.tensor1d(perToken(sequences, ({ advantage }) => advantage)),
  };
}
