/**
 * @file Generation out of plain TensorFlow.js operations, for engines without a decoder of their own.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder, DecoderOptions } from './decoder.ts';
import { KeyValueCache } from './key-value-cache.ts';
import { penalises, type SampledTokens, sampleTokens, type SamplingOptions } from './sample-tokens.ts';
import { decodeLogits, hiddenStates, logitsOf } from './transformer.ts';
import type { ModelConfig, ModelWeights } from './weights.ts';

export class ComposedDecoder implements Decoder {
  readonly rows: number;
  readonly #weights: ModelWeights;
  readonly #config: ModelConfig;
  readonly #options: DecoderOptions;
  readonly #cache: KeyValueCache;
  /** The rows whose keys and values the cache holds, in its order. */
  #held: readonly number[];
  /** Where each row's next token goes. */
  readonly #positions: Int32Array;
  /** The tokens of each row so far: prompt and completion. */
  readonly #seen: readonly Set<number>[];

  constructor(weights: ModelWeights, config: ModelConfig, options: DecoderOptions) {
    const { prompts, copies, maxNewTokens } = options;
    this.#weights = weights;
    this.#config = config;
    this.#options = options;
    this.rows = prompts.length * copies;
    this.#held = Array.from({ length: this.rows }, (_, row) => row);
    this.#positions = Int32Array.from(this.#held, (row) => prompts[Math.floor(row / copies)].length);
    this.#seen = this.#held.map((row) => new Set(prompts[Math.floor(row / copies)]));
    this.#cache = KeyValueCache.create({
      layers: config.layers,
      rows: prompts.length,
      maxLength: longest(prompts) + maxNewTokens,
      keyValueHeads: config.keyValueHeads,
      headSize: config.headSize,
    });
  }

  async prefill(uniforms: Float32Array, sampling: SamplingOptions): Promise<SampledTokens> {
    const { prompts, copies } = this.#options;
    const time = longest(prompts);
    const share = this.#held.map((row) => Math.floor(row / copies));
    const logits = tf.tidy(() => {
      const hidden = hiddenStates(this.#weights, this.#config, paddedIds(prompts, time), {
        sink: (layer, k, v) => {
          this.#cache.writePrompt(layer, k, v);
        },
      });
      const last = share.map((prompt) => prompt * time + prompts[prompt].length - 1);
      return logitsOf(this.#weights, tf.gather(hidden, tf.tensor1d(last, 'int32')));
    });
    this.#cache.select(share);
    return this.#sample(logits, uniforms, sampling);
  }

  async step(
    rows: Int32Array,
    tokens: Int32Array,
    uniforms: Float32Array,
    sampling: SamplingOptions,
  ): Promise<SampledTokens> {
    this.#hold(rows);
    const positions = rows.map((row) => this.#positions[row]++);
    for (const [i, row] of rows.entries()) this.#seen[row].add(tokens[i]);
    return this.#sample(decodeLogits(this.#weights, this.#config, tokens, positions, this.#cache), uniforms, sampling);
  }

  dispose(): void {
    this.#cache.dispose();
  }

  /** Samples for the rows that are held and disposes the logits. */
  async #sample(logits: tf.Tensor2D, uniforms: Float32Array, sampling: SamplingOptions): Promise<SampledTokens> {
    try {
      const seen = penalises(sampling) ? this.#held.map((row) => this.#seen[row]) : undefined;
      return await sampleTokens(logits, uniforms, sampling, seen);
    } finally {
      logits.dispose();
    }
  }

  /** Lets rows that are no longer named leave the cache. */
  #hold(rows: Int32Array): void {
    if (rows.length === this.#held.length) return;
    const place = new Map(this.#held.map((row, i) => [row, i]));
    this.#cache.select(Array.from(rows, (row) => place.get(row)!));
    this.#held = [...rows];
  }
}

/** Sequences padded on the right with id 0: [B, time]. */
export function paddedIds(sequences: readonly (readonly number[])[], time: number): tf.Tensor2D {
  const ids = new Int32Array(sequences.length * time);
  for (const [row, sequence] of sequences.entries()) ids.set(sequence, row * time);
  return tf.tensor2d(ids, [sequences.length, time], 'int32');
}

function longest(sequences: readonly (readonly number[])[]): number {
  return Math.max(...sequences.map((sequence) => sequence.length));
}
