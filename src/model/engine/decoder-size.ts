/** @file How much of the engine's memory a decoder takes: arithmetic alone, for the decoder and for estimates. */
import type { DecoderOptions } from '../decoder.ts';
import type { ModelConfig } from '../weights.ts';

export interface DecoderBytes {
  /** Weights that are packed once more, in float32. */
  readonly packed: number;
  /** Keys and values, and a row of logits for each completion. */
  readonly others: number;
}

/** Bytes of shared memory; the weights themselves come on top. */
export function decoderBytes(config: ModelConfig, options: DecoderOptions): DecoderBytes {
  const { hiddenSize: D, feedForwardSize: F, headSize: E } = config;
  const width = (config.heads + 2 * config.keyValueHeads) * E;
  const packed = config.layers * D * (width + config.heads * E + 3 * F) + D * config.vocabularySize;
  const slots = options.prompts.length * options.copies;
  const cache = 2 * config.layers * slots * config.keyValueHeads * E * cacheLength(options);
  return { packed: 4 * packed, others: 4 * (cache + slots * config.vocabularySize) };
}

/** Positions that the cache holds, rounded up to what a kernel takes at once. */
export function cacheLength({ prompts, maxNewTokens }: DecoderOptions): number {
  return Math.ceil((Math.max(...prompts.map((prompt) => prompt.length)) + maxNewTokens) / 16) * 16;
}

/** What the rest of the engine needs beside a decoder. */
export const SPARE_BYTES = 2 ** 28;
/** Weights in half precision are repacked in float32 up to here; larger ones are read as they are stored. */
const mostRepackedBytes = 2 ** 28;

/** Whether a decoder copies the weights in the order in which its kernels read them fastest. */
export function repacks(packedBytes: number, isHalf: boolean, roomBytes: number): boolean {
  return packedBytes <= (isHalf ? Math.min(roomBytes, mostRepackedBytes) : roomBytes);
}
