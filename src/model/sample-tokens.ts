/**
 * @file Choosing the next token from logits: repetition penalty, temperature, top-k, nucleus (top-p), min-p, in the order
 * of transformers' logits processors; greedy.
 *
 * Two log-probabilities are reported, because they answer different questions: under the temperature-scaled
 * distribution (what the policy gradient differentiates) and under the penalised and truncated one that was drawn from.
 * Random numbers come in as arguments. Sums run in float64 in a fixed order, so equal inputs give equal tokens.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core';

export interface SamplingOptions {
  /** 0 takes the most likely token (the first among equals). */
  readonly temperature: number;
  /** Only the k most likely tokens; all when absent or 0. */
  readonly topK?: number;
  /** Only the most likely tokens whose probabilities reach p together (after top-k); all when absent or 1. */
  readonly topP?: number;
  /** Only tokens at least this many times as likely as the likeliest; all when absent or 0. */
  readonly minP?: number;
  /**
   * Logits of tokens that the prompt or the completion has already are divided by this, negative ones multiplied (arXiv
   * 1909.05858); none are when absent or 1.
   */
  readonly repetitionPenalty?: number;
}

/** Whether tokens that have been seen are less likely than the model says. */
export function penalises({ repetitionPenalty = 1 }: SamplingOptions): boolean {
  return repetitionPenalty !== 1;
}

export interface SampledTokens {
  /** [S] */
  readonly tokens: Int32Array;
  /** [S], nats, under the temperature-scaled distribution over the whole vocabulary (temperature 1 when greedy). */
  readonly logProbs: Float32Array;
  /** [S], nats, under the penalised and truncated distribution that was drawn from (0 when greedy). */
  readonly samplingLogProbs: Float32Array;
}

/**
 * One token for each row of logits [S, V], with one uniform number in [0, 1) per row. `seen` has the tokens of each row so
 * far, for the repetition penalty. Leaves the logits to the caller.
 */
export async function sampleTokens(
  logits: Tensor2D,
  uniforms: Float32Array,
  options: SamplingOptions,
  seen?: readonly Iterable<number>[],
): Promise<SampledTokens> {
  return sampleRows((await logits.data()) as Float32Array, logits.shape[1], uniforms, options, seen);
}

/** `sampleTokens` over plain numbers: `logits` holds rows of `vocabulary` values, as many as there are uniforms. */
export function sampleRows(
  logits: Float32Array,
  vocabulary: number,
  uniforms: Float32Array,
  options: SamplingOptions,
  seen?: readonly Iterable<number>[],
): SampledTokens {
  const rows = uniforms.length;
  const sampled = {
    tokens: new Int32Array(rows),
    logProbs: new Float32Array(rows),
    samplingLogProbs: new Float32Array(rows),
  };
  const probabilities = new Float64Array(vocabulary);
  for (let row = 0; row < rows; row++) {
    const scores = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    const penalised = seen && penalises(options) ? withPenalty(scores, seen[row], options) : scores;
    const total = exponentials(penalised, options.temperature, probabilities);
    const { token, mass } =
      options.temperature === 0
        ? { token: argMax(penalised), mass: 0 }
        : draw(probabilities, total, uniforms[row], options);
    sampled.tokens[row] = token;
    sampled.samplingLogProbs[row] = options.temperature === 0 ? 0 : Math.log(probabilities[token] / mass);
    const own = penalised === scores ? total : exponentials(scores, options.temperature, probabilities);
    sampled.logProbs[row] = Math.log(probabilities[token] / own);
  }
  return sampled;
}

function withPenalty(
  scores: Float32Array,
  seen: Iterable<number>,
  { repetitionPenalty = 1 }: SamplingOptions,
): Float32Array {
  const penalised = scores.slice();
  for (const token of new Set(seen)) {
    penalised[token] = scores[token] < 0 ? scores[token] * repetitionPenalty : scores[token] / repetitionPenalty;
  }
  return penalised;
}

/** Fills `out` with exp((score - largest) / temperature) and returns the sum. */
function exponentials(scores: Float32Array, temperature: number, out: Float64Array): number {
  const largest = scores[argMax(scores)];
  const scale = temperature === 0 ? 1 : 1 / temperature;
  let total = 0;
  for (let i = 0; i < scores.length; i++) total += out[i] = Math.exp((scores[i] - largest) * scale);
  return total;
}

interface Choice {
  readonly token: number;
  /** Sum of the unnormalised probabilities that the token was drawn from. */
  readonly mass: number;
}

function draw(probabilities: Float64Array, total: number, uniform: number, options: SamplingOptions): Choice {
  const limitsCount = options.topK !== undefined && options.topK > 0 && options.topK < probabilities.length;
  const limitsMass = options.topP !== undefined && options.topP < 1;
  const { minP = 0 } = options; // the likeliest token's unnormalised probability is 1
  if (!limitsCount && !limitsMass && minP === 0) return { token: walk(probabilities, uniform * total), mass: total };
  const most = mostLikely(probabilities, total, limitsCount ? options.topK : probabilities.length, options.topP ?? 1);
  const kept = most.filter((token) => probabilities[token] >= minP);
  const mass = kept.reduce((sum, token) => sum + probabilities[token], 0);
  const index = walk(
    Float64Array.from(kept, (token) => probabilities[token]),
    uniform * mass,
  );
  return { token: kept[index], mass };
}

/** The tokens that top-k, then top-p leave, in their own order: the same walk as without limits. */
function mostLikely(probabilities: Float64Array, total: number, topK: number, topP: number): Uint32Array {
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const candidates = order.subarray(0, topK);
  if (topP >= 1) return candidates.sort();
  const reachable = topK < order.length ? candidates.reduce((sum, token) => sum + probabilities[token], 0) : total;
  let mass = 0;
  const last = candidates.findIndex((token) => (mass += probabilities[token]) >= topP * reachable);
  return (last < 0 ? candidates : candidates.subarray(0, last + 1)).sort();
}

/** The first index whose running sum exceeds `target`; where rounding leaves none, the last of positive weight. */
function walk(weights: Float64Array, target: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    if (sum > target) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

function argMax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}
