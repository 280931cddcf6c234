/**
 * @file Sampling completions: every prompt is read once, its keys and values are shared by its group, all rewrites of
 * all prompts decode in one batch, and finished sequences leave it.
 *
 * Each row draws from its own random numbers, so a completion does not depend on its neighbours in the batch.
 */
import { UserError } from '../base/errors.ts';
import type { Rng } from '../base/rng.ts';
import { ComposedDecoder } from './composed-decoder.ts';
import type { DecoderOptions } from './decoder.ts';
import { createDecoder } from './engine/decoder.ts';
import type { SampledTokens, SamplingOptions } from './sample-tokens.ts';
import type { ModelConfig, ModelWeights } from './weights.ts';

export interface GenerationRequest extends DecoderOptions {
  readonly sampling: SamplingOptions;
  /** A sequence ends with one of these, which belongs to the completion. */
  readonly endIds: readonly number[];
  /** Whether a completion ends with its newest token, for texts that end it; see stops.ts. */
  readonly ends?: (tokens: readonly number[]) => boolean;
  /** The random numbers of one completion; not called when sampling is greedy. */
  readonly rng: (prompt: number, copy: number) => Rng;
  /** Awaited between tokens: lets messages in and throws to cancel. */
  readonly turn: () => Promise<void>;
}

export interface Completion {
  readonly tokens: readonly number[];
  /** Of each token under the temperature-scaled distribution that training uses. */
  readonly logProbs: readonly number[];
  /** Of each token under the penalised and truncated distribution that it was drawn from; 0 when greedy. */
  readonly samplingLogProbs: readonly number[];
  /** False when the token limit cut it. */
  readonly ended: boolean;
}

interface Row {
  readonly index: number;
  readonly tokens: number[];
  readonly logProbs: number[];
  readonly samplingLogProbs: number[];
  readonly rng: Rng | null;
  ended: boolean;
}

/** Completions in the order of the prompts, `copies` for each. */
export async function generate(
  weights: ModelWeights,
  config: ModelConfig,
  request: GenerationRequest,
): Promise<Completion[]> {
  const { maxNewTokens, sampling, turn } = request;
  checkLength(config, request);
  const rows = newRows(request);
  const decoder = createDecoder(weights, config, request) ?? new ComposedDecoder(weights, config, request);
  try {
    let live = rows;
    let sampled = await decoder.prefill(uniforms(live), sampling);
    for (let length = 1; ; length++) {
      live = extended(live, sampled, request);
      if (length === maxNewTokens || live.length === 0) break;
      await turn();
      const indices = Int32Array.from(live, ({ index }) => index);
      const last = Int32Array.from(live, ({ tokens }) => tokens[tokens.length - 1]);
      sampled = await decoder.step(indices, last, uniforms(live), sampling);
    }
  } finally {
    decoder.dispose();
  }
  return rows.map(({ tokens, logProbs, samplingLogProbs, ended }) => ({ tokens, logProbs, samplingLogProbs, ended }));
}

/** Dynamic scaling turns all positions anew with each token past the limit: what the cache holds would be of no use. */
function checkLength({ ropeScaling, maxPositions }: ModelConfig, { prompts, maxNewTokens }: GenerationRequest): void {
  const length = Math.max(...prompts.map((prompt) => prompt.length)) + maxNewTokens;
  if (ropeScaling?.kind !== 'dynamic' || length <= maxPositions) return;
  throw new UserError(
    `Prompt and completion may have ${length} tokens, but a model with dynamic rope scaling generates only up to its ` +
      `${maxPositions} positions (max_position_embeddings); allow fewer tokens.`,
  );
}

function newRows({ prompts, copies, sampling, rng }: GenerationRequest): Row[] {
  return Array.from({ length: prompts.length * copies }, (_, index) => ({
    index,
    tokens: [],
    logProbs: [],
    samplingLogProbs: [],
    rng: sampling.temperature === 0 ? null : rng(Math.floor(index / copies), index % copies),
    ended: false,
  }));
}

function uniforms(rows: readonly Row[]): Float32Array {
  return Float32Array.from(rows, ({ rng }) => rng?.next() ?? 0);
}

/** Takes over the sampled tokens; the rows that go on. */
function extended(rows: readonly Row[], sampled: SampledTokens, { endIds, ends }: GenerationRequest): Row[] {
  for (const [i, row] of rows.entries()) {
    row.tokens.push(sampled.tokens[i]);
    row.logProbs.push(sampled.logProbs[i]);
    row.samplingLogProbs.push(sampled.samplingLogProbs[i]);
    row.ended = endIds.includes(sampled.tokens[i]) || ends?.(row.tokens) === true;
  }
  return rows.filter(({ ended }) => !ended);
}
