/**
 * @file The shape of a decoder-only transformer and its weights as a plain nested record.
 *
 * Matrices keep Hugging Face's layout, [out, in], so that reading and writing a checkpoint copies and never transposes.
 * Letters in shape comments: D hidden size, H query heads, K key/value heads, E head size, F feed-forward size, V vocabulary.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Rng } from '../base/rng.ts';

export interface ModelConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  readonly ropeTheta: number;
  readonly rmsNormEpsilon: number;
  /** The output projection is the embedding itself. */
  readonly tiedEmbeddings: boolean;
  readonly maxPositions: number;
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
