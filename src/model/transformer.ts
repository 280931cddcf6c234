/**
 * @file The decoder-only transformer of Qwen2, Qwen3 and Llama as free functions over its weights: RMSNorm, rotary
 * positions, grouped-query attention, SwiGLU (technical reports of Qwen2, arXiv 2407.10671, and Qwen3, arXiv 2505.09388).
 *
 * B sequences padded on the right to T tokens; N = B·T rows. Other letters as in `weights.ts`. The caller disposes what
 * these functions return.
 */
import * as tf from '@tensorflow/tfjs-core';
import { checkpointed } from './checkpointing.ts';
import { decodeAttention, type KeyValueCache } from './key-value-cache.ts';
import { linearPart } from './lora.ts';
import { branchedNorm, causalAttention, embed, joined, linear, linears, rmsNorm, rotary, swiglu } from './ops.ts';
import { type Rotation, rotationOf } from './rope.ts';
import type { LayerWeights, Linear, ModelConfig, ModelWeights } from './weights.ts';

/** Called with each layer's rotated keys and values [B, T, K, E] while a prompt is read. */
export type KeyValueSink = (layer: number, keys: tf.Tensor4D, values: tf.Tensor4D) => void;

export interface ReadOptions {
  readonly sink?: KeyValueSink;
  /**
   * int32 [B, T]: the position of each token in its own sequence, for sequences packed one after another into a row. A
   * token sees only its own sequence. Absent: each row is one sequence.
   */
  readonly positions?: tf.Tensor2D;
  /**
   * int32 [B], with `positions`: so many tokens at the beginning of each row belong to all of its sequences, as a prompt
   * does that several completions share; the others' positions go on from there. Not for layers with a window.
   */
  readonly prefixes?: tf.Tensor1D;
  /** Keep only the input of each layer for the gradient; see checkpointing.ts. */
  readonly checkpointing?: boolean;
}

/** Hidden states after the last norm: ids int32 [B, T] → [N, D]. Differentiable with respect to the weights. */
export function hiddenStates(
  weights: ModelWeights,
  config: ModelConfig,
  ids: tf.Tensor2D,
  { sink, positions: packed, prefixes, checkpointing = false }: ReadOptions = {},
): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, time] = ids.shape;
    const order = tf.tile(tf.expandDims<tf.Tensor2D>(tf.range(0, time, 1, 'int32'), 0), [batch, 1]); // [B, T]
    const positions = packed ?? order;
    const rotation = rotationOf(config, longest(config, positions));
    const flat = tf.reshape<tf.Rank.R1>(positions, [-1]);
    const startsOf = startsByWindow(order, packed, prefixes);
    let x = embed(weights.embedding as tf.Tensor2D, tf.reshape(ids, [-1]));
    const heads = (t: tf.Tensor3D, count: number): tf.Tensor4D => tf.reshape(t, [batch, time, count, config.headSize]);
    for (const [index, layer] of weights.layers.entries()) {
      const starts = startsOf(config.windows?.[index]);
      const read = (input: tf.Tensor2D, [at, from, common]: readonly tf.Tensor[]): tf.Tensor2D => {
        const places = { positions: at as tf.Tensor1D, rotation };
        const { stream, q, k, v } = project(layer, config, input, places);
        const keys = heads(k, config.keyValueHeads);
        const values = heads(v, config.keyValueHeads);
        sink?.(index, keys, values);
        const limits = [from as tf.Tensor2D | undefined, common as tf.Tensor1D | undefined] as const;
        const mixed = causalAttention(heads(q, config.heads), keys, values, ...limits);
        return feedForward(layer, config, attended(layer, stream, mixed));
      };
      const constants = [flat, starts, prefixes].filter((one) => one !== undefined);
      // Lets go of all but its result and what a gradient needs: without gradients, one layer's values are held at a time.
      const next = tf.tidy(() =>
        checkpointing ? checkpointed(read, x, constants, trainableOf(layer)) : read(x, constants),
      );
      x.dispose();
      x = next;
    }
    return rmsNorm(x, weights.norm as tf.Tensor1D, config.rmsNormEpsilon);
  });
}

/** What training changes in a layer: all of it, or its adapters. */
function trainableOf({ inputNorm, postNorm, queryNorm, keyNorm, ...linears }: LayerWeights): tf.Variable[] {
  const projections = Object.values<Linear>(linears).flatMap(({ weight, bias, adapter }) => [
    ...[weight, bias],
    ...[adapter?.a, adapter?.b],
  ]);
  return [inputNorm, postNorm, queryNorm, keyNorm, ...projections].filter(
    (one) => one?.trainable === true,
  ) as tf.Variable[];
}

/** The length of the longest sequence, where the rotation depends on it. */
function longest({ ropeScaling, maxPositions }: ModelConfig, positions: tf.Tensor2D): number {
  if (ropeScaling?.kind !== 'dynamic' || positions.shape[1] <= maxPositions) return maxPositions;
  return positions.dataSync<'int32'>().reduce((most, position) => Math.max(most, position + 1), 0);
}

/** The first position that each position of `order` [B, T] sees, for a layer's window; undefined where that is always 0. */
function startsByWindow(
  order: tf.Tensor2D,
  packed?: tf.Tensor2D,
  prefixes?: tf.Tensor1D,
): (window?: number) => tf.Tensor2D | undefined {
  const known = new Map<number | undefined, tf.Tensor2D | undefined>();
  const own = packed && ownStarts(order, packed, prefixes);
  known.set(undefined, own);
  return (window) => {
    if (window !== undefined && prefixes) throw new Error('sequences with a common prefix cannot have a window');
    if (window !== undefined && !known.has(window)) {
      const first = tf.sub(order, tf.scalar(window - 1, 'int32'));
      known.set(window, tf.maximum(first, own ?? tf.scalar(0, 'int32')));
    }
    return known.get(window);
  };
}

/** Where the sequence of each position begins; behind a common prefix, where the part that is its own does. */
function ownStarts(order: tf.Tensor2D, positions: tf.Tensor2D, prefixes?: tf.Tensor1D): tf.Tensor2D {
  const first = tf.sub<tf.Tensor2D>(order, positions);
  if (!prefixes) return first;
  const common = tf.reshape<tf.Rank.R2>(prefixes, [-1, 1]);
  return tf.add(first, tf.mul(common, tf.cast(tf.greaterEqual(order, common), 'int32')));
}

/** One token of each of S sequences at its position: logits [S, V]. The cache gains the token's keys and values. */
export function decodeLogits(
  weights: ModelWeights,
  config: ModelConfig,
  tokens: Int32Array,
  positions: Int32Array,
  cache: KeyValueCache,
): tf.Tensor2D {
  return tf.tidy(() => {
    const places = { positions: tf.tensor1d(positions, 'int32'), rotation: rotationOf(config) };
    let x = embed(weights.embedding as tf.Tensor2D, tf.tensor1d(tokens, 'int32'));
    for (const [index, layer] of weights.layers.entries()) {
      x = tf.tidy(() => {
        const { stream, q, k, v } = project(layer, config, x, places);
        const mixed = decodeAttention(q, k, v, cache, index, positions, config.windows?.[index]);
        return feedForward(layer, config, attended(layer, stream, mixed));
      });
    }
    return logitsOf(weights, rmsNorm(x, weights.norm as tf.Tensor1D, config.rmsNormEpsilon));
  });
}

/** hidden [N, D] → logits [N, V] */
export function logitsOf(weights: ModelWeights, hidden: tf.Tensor2D): tf.Tensor2D {
  return linear(hidden, weights.head as tf.Tensor2D);
}

interface Places {
  /** int32 [N] */
  readonly positions: tf.Tensor1D;
  readonly rotation: Rotation;
}

/** x [N, D] → itself, rotated queries [N, H, E], rotated keys and plain values [N, K, E]. */
function project(
  layer: LayerWeights,
  config: ModelConfig,
  x: tf.Tensor2D,
  { positions, rotation }: Places,
): { stream: tf.Tensor2D; q: tf.Tensor3D; k: tf.Tensor3D; v: tf.Tensor3D } {
  const [stream, normed] = branchedNorm(x, layer.inputNorm as tf.Tensor1D, config.rmsNormEpsilon);
  const heads = (projected: tf.Tensor2D, count: number): tf.Tensor3D =>
    tf.reshape(projected, [-1, count, config.headSize]);
  const [q, k, v] = applyAll([layer.query, layer.key, layer.value], normed);
  return {
    stream,
    q: rotary(headNorm(heads(q, config.heads), config, layer.queryNorm), positions, rotation),
    k: rotary(headNorm(heads(k, config.keyValueHeads), config, layer.keyNorm), positions, rotation),
    v: heads(v, config.keyValueHeads),
  };
}

/** Each head by itself, where the family does so. x [N, heads, E], weight [E] */
function headNorm(x: tf.Tensor3D, config: ModelConfig, weight?: tf.Variable): tf.Tensor3D {
  if (!weight) return x;
  const rows = tf.reshape<tf.Rank.R2>(x, [-1, config.headSize]);
  return tf.reshape(rmsNorm(rows, weight as tf.Tensor1D, config.rmsNormEpsilon), x.shape);
}

/** Adds what attention found to the residual stream. mixed [..., H, E] */
function attended(layer: LayerWeights, x: tf.Tensor2D, mixed: tf.Tensor): tf.Tensor2D {
  return joined(x, apply(layer.output, tf.reshape(mixed, [x.shape[0], -1])));
}

function feedForward(layer: LayerWeights, config: ModelConfig, x: tf.Tensor2D): tf.Tensor2D {
  const [stream, normed] = branchedNorm(x, layer.postNorm as tf.Tensor1D, config.rmsNormEpsilon);
  const [gate, up] = applyAll([layer.gate, layer.up], normed);
  return joined(stream, apply(layer.down, swiglu(gate, up)));
}

function applyAll(projections: readonly Linear[], x: tf.Tensor2D): tf.Tensor2D[] {
  return tf.tidy(() =>
    linears(
      x,
      projections.map((projection) => linearPart(x, projection)),
    ),
  );
}

function apply(projection: Linear, x: tf.Tensor2D): tf.Tensor2D {
  return applyAll([projection], x)[0];
}
