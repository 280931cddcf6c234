/**
 * @file How sequences are cut for their gradients: which of them go through the model together, and whether its layers are
 * computed again for them.
 */
import { mostKeptTokens } from '../model/memory-estimate.ts';
import type { ModelConfig } from '../model/weights.ts';
import type { Checkpointing } from './choices.ts';
import { microBatches, paddedTokens, type TokenSequence } from './token-batch.ts';

export interface GradientSettings {
  readonly microBatchTokens: number;
  readonly checkpointing: Checkpointing;
}

export interface GradientBatches<S> {
  readonly batches: S[][];
  readonly checkpointing: boolean;
}

/** So many times the tokens, which read prompts once more, cost less than to compute every layer again: a third or more. */
const MOST_REPEATED = 1.25;

/**
 * Micro-batches for gradients. `auto` makes them as small as keeping all of their values takes; where prompts would then be
 * read over and over, it computes layers again instead. What it comes to follows from settings and sequences, never from
 * the machine.
 *
 * @param rows that a sequence stands for.
 */
export function gradientBatches<S extends TokenSequence>(
  sequences: readonly S[],
  config: ModelConfig,
  { microBatchTokens, checkpointing }: GradientSettings,
  { shares = false, rows = 1 }: { readonly shares?: boolean; readonly rows?: 1 | 2 } = {},
): GradientBatches<S> {
  const cut = (tokens: number): S[][] => microBatches(sequences, tokens / rows, shares);
  const whole = cut(microBatchTokens);
  if (checkpointing !== 'auto') return { batches: whole, checkpointing: checkpointing === 'on' };
  const most = mostKeptTokens(config);
  const small = cut(Math.min(most, microBatchTokens));
  const size = (batch: S[]): number => rows * paddedTokens(batch, shares);
  const total = (batches: readonly S[][]): number => batches.reduce((sum, batch) => sum + size(batch), 0);
  const isKept = small.every((batch) => size(batch) <= most) && total(small) <= MOST_REPEATED * total(whole);
  return isKept ? { batches: small, checkpointing: false } : { batches: whole, checkpointing: true };
}
