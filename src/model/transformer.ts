/**
 * @file The decoder-only transformer of Qwen2 and Llama as free functions over its weights: RMSNorm, rotary positions,
 * grouped-query attention, SwiGLU (Qwen2 technical report, arXiv 2407.10671).
 *
 * B sequences padded on the right to T tokens; N = B·T rows. Other letters as in `weights.ts`. The caller disposes what
 * these functions return.
 */
import * as tf from '@tensorflow/tfjs-core';
import { decodeAttention, type KeyValueCache } from './key-value-cache.ts';
import { lowRank } from './lora.ts';
import { causalAttention, embed, linear, rmsNorm, rotary, swiglu } from './ops.ts';
import type { LayerWeights, Linear, ModelConfig, ModelWeights } from './weights.ts';

/** Called with each layer's rotated keys and values [B, T, K, E] while a prompt is read. */
export type KeyValueSink = (layer: number, keys: tf.Tensor4D, values: tf.Tensor4D) => void;

/** Hidden states after the last norm: ids int32 [B, T] → [N, D]. Differentiable with respect to the weights. */
export function hiddenStates(
  weights: ModelWeights,
  config: ModelConfig,
  ids: tf.Tensor2D,
  sink?: KeyValueSink,
): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, time] = ids.shape;
    const positions = tf.tile(tf.range(0, time, 1, 'int32'), [batch]); // [N]
    let x = embed(weights.embedding as tf.Tensor2D, tf.reshape(ids, [-1]));
    for (const [index, layer] of weights.layers.entries()) {
      const { q, k, v } = project(layer, config, x, positions);
      const heads = (t: tf.Tensor3D, count: number): tf.Tensor4D =>
        tf.reshape(t, [batch, time, count, config.headSize]);
      const keys = heads(k, config.keyValueHeads);
      const values = heads(v, config.keyValueHeads);
      sink?.(index, keys, values);
      const mixed = causalAttention(heads(q, config.heads), keys, values);
      x = feedForward(layer, config, attended(layer, x, mixed));
    }
    return rmsNorm(x, weights.norm as tf.Tensor1D, config.rmsNormEpsilon);
  });
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
    const at = tf.tensor1d(positions, 'int32');
    let x = embed(weights.embedding as tf.Tensor2D, tf.tensor1d(tokens, 'int32'));
    for (const [index, layer] of weights.layers.entries()) {
      const { q, k, v } = project(layer, config, x, at);
      x = feedForward(layer, config, attended(layer, x, decodeAttention(q, k, v, cache, index, positions)));
    }
    return logitsOf(weights, rmsNorm(x, weights.norm as tf.Tensor1D, config.rmsNormEpsilon));
  });
}

/** hidden [N, D] → logits [N, V] */
export function logitsOf(weights: ModelWeights, hidden: tf.Tensor2D): tf.Tensor2D {
  return linear(hidden, weights.head as tf.Tensor2D);
}

/** x [N, D] → rotated queries [N, H, E], rotated keys and plain values [N, K, E]. */
function project(
  layer: LayerWeights,
  config: ModelConfig,
  x: tf.Tensor2D,
  positions: tf.Tensor1D,
): { q: tf.Tensor3D; k: tf.Tensor3D; v: tf.Tensor3D } {
  const normed = rmsNorm(x, layer.inputNorm as tf.Tensor1D, config.rmsNormEpsilon);
  const heads = (projection: Linear, count: number): tf.Tensor3D =>
    tf.reshape(apply(projection, normed), [-1, count, config.headSize]);
  return {
    q: rotary(heads(layer.query, config.heads), positions, config.ropeTheta),
    k: rotary(heads(layer.key, config.keyValueHeads), positions, config.ropeTheta),
    v: heads(layer.value, config.keyValueHeads),
  };
}

/** Adds what attention found to the residual stream. mixed [..., H, E] */
function attended(layer: LayerWeights, x: tf.Tensor2D, mixed: tf.Tensor): tf.Tensor2D {
  return tf.add(x, apply(layer.output, tf.reshape(mixed, [x.shape[0], -1])));
}

function feedForward(layer: LayerWeights, config: ModelConfig, x: tf.Tensor2D): tf.Tensor2D {
  const normed = rmsNorm(x, layer.postNorm as tf.Tensor1D, config.rmsNormEpsilon);
  return tf.add(x, apply(layer.down, swiglu(apply(layer.gate, normed), apply(layer.up, normed))));
}

function apply({ weight, bias, adapter }: Linear, x: tf.Tensor2D): tf.Tensor2D {
  const product = linear(x, weight as tf.Tensor2D, bias as tf.Tensor1D | undefined);
  return adapter ? tf.add(product, lowRank(x, adapter)) : product;
}
