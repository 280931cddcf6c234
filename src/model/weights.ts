/**
 * @file The shape of a decoder-only transformer and its weights as a plain nested record.
 *
 * Matrices keep Hugging Face's layout, [out, in], so that reading and writing a checkpoint copies and never transposes.
 * Letters in shape comments: D hidden size, H query heads, K key/value heads, E head size, F feed-forward size, V vocabulary.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Rng } from '../base/rng.ts';
import type { RopeScaling } from './rope.ts';

export interface ModelConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  readonly ropeTheta: number;
  /** Absent: positions turn as they are. */
  readonly ropeScaling?: RopeScaling;
  readonly rmsNormEpsilon: number;
  /** The output projection is the embedding itself. */
  readonly tiedEmbeddings: boolean;
  readonly maxPositions: number;
  /** Which projections of attention have a bias: none when absent. Qwen2 has them on query, key and value. */
  readonly attentionBias?: 'qkv' | 'all';
  /** The feed-forward projections have a bias. */
  readonly feedForwardBias?: boolean;
  /** Queries and keys are normalised head by head before they turn (Qwen3). */
  readonly queryKeyNorm?: boolean;
  /** For each layer, how many positions a token sees back, its own included; undefined: all of them. */
  readonly windows?: readonly (number | undefined)[];
}

/** Whether completions can share what is computed of their prompt: a window would hide a part of it from them. */
export function sharesPrompts({ windows }: ModelConfig): boolean {
  return windows === undefined || windows.every((window) => window === undefined);
}

export interface Linear {
  /** [out, in] */
  readonly weight: Variable;
  /** [out] */
  readonly bias?: Variable;
  /** Added to the product where LoRA is on; see lora.ts. */
  readonly adapter?: Adapter;
}

/** A change of a matrix of low rank: scale · B·A. */
export interface Adapter {
  /** A [r, in] */
  readonly a: Variable;
  /** B [out, r] */
  readonly b: Variable;
  readonly scale: number;
  /** Of the adapter's input; absent outside the update. Each generator gives the same numbers, to compute again. */
  readonly dropout?: { readonly rate: number; readonly rng: () => Rng };
}

export interface LayerWeights {
  /** [D] */
  readonly inputNorm: Variable;
  /** [H·E, D] */
  readonly query: Linear;
  /** [K·E, D] */
  readonly key: Linear;
  /** [K·E, D] */
  readonly value: Linear;
  /** [E] */
  readonly queryNorm?: Variable;
  /** [E] */
  readonly keyNorm?: Variable;
  /** [D, H·E] */
  readonly output: Linear;
  /** [D] */
  readonly postNorm: Variable;
  /** [F, D] */
  readonly gate: Linear;
  /** [F, D] */
  readonly up: Linear;
  /** [D, F] */
  readonly down: Linear;
}

export interface ModelWeights {
  /** [V, D] */
  readonly embedding: Variable;
  readonly layers: readonly LayerWeights[];
  /** [D] */
  readonly norm: Variable;
  /** [V, D]; the embedding itself when tied. */
  readonly head: Variable;
}
