/**
 * @file Sampling completions: every prompt is read once, its keys and values are shared by its group, all rewrites of
 * all prompts decode in one batch, and finished sequences leave it.
 *
 * Each row draws from its own random numbers, so a completion does not depend on its neighbours in the batch.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Rng } from '../base/rng.ts';
import { KeyValueCache } from './key-value-cache.ts';
import { sampleTokens, type SamplingOptions } from './sample-tokens.ts';
import { decodeLogits, hiddenStates, logitsOf } from './transformer.ts';
import type { ModelConfig, ModelWeights } from './weights.ts';

export interface GenerationRequest {
  /** Token ids of each prompt, none empty. */
  readonly prompts: readonly (readonly number[])[];
  /** Completions per prompt. */
  readonly copies: number;
  readonly maxNewTokens: number;
  readonly sampling: SamplingOptions;
  /** A sequence ends with one of these, which belongs to the completion. */
  readonly endIds: readonly number[];
  /** The random numbers of one completion; not called when sampling is greedy. */
  readonly rng: (prompt: number, copy: number) => Rng;
  /** Awaited between tokens: lets messages in and throws to cancel. */
  readonly turn: () => Promise<void>;
}

export interface Completion {
  readonly tokens: readonly number[];
  /** Of each token under the temperature-scaled distribution that training uses. */
  readonly logProbs: readonly number[];
  /** False when the token limit cut it. */
  readonly ended: boolean;
}

interface Row {
  readonly tokens: number[];
  readonly logProbs: number[];
  readonly rng: Rng | null;
  readonly promptLength: number;
  ended: boolean;
}

/** Completions in the order of the prompts, `copies` for each. */
export async function generate(
  weights: ModelWeights,
  config: ModelConfig,
  request: GenerationRequest,
): Promise<Completion[]> {
  const { prompts, copies, maxNewTokens } = request;
  const isGreedy = request.sampling.temperature === 0;
  const rows = prompts.flatMap((prompt, p) =>
    Array.from({ length: copies }, (_, c): Row => ({
      tokens: [],
      logProbs: [],
      rng: isGreedy ? null : request.rng(p, c),
      promptLength: prompt.length,
      ended: false,
    })),
  );
  const { cache, logits: promptLogits } = prefill(weights, config, prompts, maxNewTokens);
  let logits: tf.Tensor2D | null = promptLogits;
  try {
    const share = rows.map((_, i) => Math.floor(i / copies));
    logits = gathered(logits, share);
    cache.select(share);
    let live = rows;
    for (let length = 1; ; length++) {
      await sampleInto(live, logits, request);
      logits.dispose();
      logits = null;
      if (length === maxNewTokens || live.every((row) => row.ended)) break;
      live = leave(live, cache);
      const tokens = Int32Array.from(live, (row) => row.tokens.at(-1) ?? 0);
      const positions = Int32Array.from(live, (row) => row.promptLength + row.tokens.length - 1);
      logits = decodeLogits(weights, config, tokens, positions, cache);
      await request.turn();
    }
  } finally {
    cache.dispose();
    logits?.dispose();
  }
  return rows.map(({ tokens, logProbs, ended }) => ({ tokens, logProbs, ended }));
}

/** Reads the prompts [P, T] in one pass: their cache, and the logits [P, V] of what follows each. */
function prefill(
  weights: ModelWeights,
  config: ModelConfig,
  prompts: readonly (readonly number[])[],
  maxNewTokens: number,
): { cache: KeyValueCache; logits: tf.Tensor2D } {
  const time = Math.max(...prompts.map((prompt) => prompt.length));
  const cache = KeyValueCache.create({
    layers: config.layers,
    rows: prompts.length,
    maxLength: time + maxNewTokens,
    keyValueHeads: config.keyValueHeads,
    headSize: config.headSize,
  });
  const logits = tf.tidy(() => {
    const hidden = hiddenStates(weights, config, paddedIds(prompts, time), (layer, k, v) => {
      cache.writePrompt(layer, k, v);
    });
    const last = prompts.map((prompt, row) => row * time + prompt.length - 1);
    return logitsOf(weights, tf.gather(hidden, tf.tensor1d(last, 'int32')));
  });
  return { cache, logits };
}

/** Sequences padded on the right with id 0: [B, time]. */
export function paddedIds(sequences: readonly (readonly number[])[], time: number): tf.Tensor2D {
  const ids = new Int32Array(sequences.length * time);
  for (const [row, sequence] of sequences.entries()) ids.set(sequence, row * time);
  return tf.tensor2d(ids, [sequences.length, time], 'int32');
}

async function sampleInto(rows: readonly Row[], logits: tf.Tensor2D, request: GenerationRequest): Promise<void> {
  const uniforms = Float32Array.from(rows, (row) => (row.ended ? 0 : (row.rng?.next() ?? 0)));
  const { tokens, logProbs } = await sampleTokens(logits, uniforms, request.sampling);
  for (const [i, row] of rows.entries()) {
    if (row.ended) continue;
    row.tokens.push(tokens[i]);
    row.logProbs.push(logProbs[i]);
    row.ended = request.endIds.includes(tokens[i]);
  }
}

/** Lets finished rows go once a quarter of the batch is idle: moving the cache costs about as much as a step. */
function leave(rows: readonly Row[], cache: KeyValueCache): Row[] {
  const kept = rows.flatMap((row, i) => (row.ended ? [] : [i]));
  if (kept.length > rows.length * 0.75) return [...rows];
  cache.select(kept);
  return kept.map((i) => rows[i]);
}

function gathered(logits: tf.Tensor2D, rows: readonly number[]): tf.Tensor2D {
  const result = tf.tidy(() => tf.gather(logits, tf.tensor1d([...rows], 'int32')));
  logits.dispose();
  return result;
}
