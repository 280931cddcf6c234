/** @file How much of the engine's memory a decoder takes: arithmetic alone, for the decoder and for estimates. */
import type { DecoderOptions } from '../decoder.ts';
import type { ModelConfig } from '../weights.ts';

export interface DecoderBytes {
  /** Weights that are packed once more, in float32. */
  readonly packed: number;
  /** What layer-pass.ts holds instead, where they are not. */
  readonly pass: number;
  /** Keys and values, and a row of logits for each completion. */
  readonly others: number;
}

/** Bytes of shared memory; the weights themselves come on top. */
export function decoderBytes(config: ModelConfig, options: DecoderOptions): DecoderBytes {
  const { keyValueHeads, headSize: E } = config;
  const { hidden: D, qkv, mixed, feedForward: F } = activationWidths(config);
  const packed = config.layers * D * (qkv + mixed + 3 * F) + D * config.vocabularySize;
  const slots = options.prompts.length * options.copies;
  const cache = 2 * config.layers * slots * keyValueHeads * E * cacheLength(options);
  const pass = passRows(options) * (2 * D + qkv + mixed + 2 * F);
  return { packed: 4 * packed, pass: 4 * pass, others: 4 * (cache + slots * config.vocabularySize) };
}

/** Positions that the cache holds, rounded up to what a kernel takes at once. */
export function cacheLength({ prompts, maxNewTokens }: DecoderOptions): number {
  return Math.ceil((Math.max(...prompts.map((prompt) => prompt.length)) + maxNewTokens) / 16) * 16;
}

/** What the rest of the engine needs beside a decoder. */
export const SPARE_BYTES = 2 ** 28;
/**
 * Larger copies are not made: each thread reads all of one for its own rows, and from main memory that takes longer than
 * what layer-pass.ts does.
 */
const mostPackedBytes = 2 ** 28;

/** Whether a decoder copies the weights in the order in which its kernels read them fastest. */
export function repacks(packedBytes: number, roomBytes: number): boolean {
  return packedBytes <= Math.min(roomBytes, mostPackedBytes);
}

/** Tokens of a prompt that go through the layers together where they are read as they are stored. */
const promptRows = 512;

/** The most rows of a pass. */
export function passRows(options: DecoderOptions): number {
  return Math.max(options.prompts.length * options.copies, Math.min(promptTokens(options), promptRows));
}

export function promptTokens({ prompts }: DecoderOptions): number {
  return prompts.reduce((sum, { length }) => sum + length, 0);
}

/** Floats of a row between the products. */
export function activationWidths(
  config: ModelConfig,
): Readonly<Record<'hidden' | 'qkv' | 'mixed' | 'feedForward', number>> {
  const { hiddenSize, heads, keyValueHeads, headSize, feedForwardSize } = config;
  return {
    hidden: hiddenSize,
    qkv: (heads + 2 * keyValueHeads) * headSize,
    mixed: heads * headSize,
    feedForward: feedForwardSize,
  };
}
