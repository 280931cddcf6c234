/**
 * @file The differentiable operations that a decoder-only transformer is written in.
 *
 * Each has a composed form out of plain TensorFlow.js operations, which runs on every backend and defines what the
 * operation means. Where the active backend registers a kernel of our own for it (the embedded engine does), that one
 * is taken instead. Key/value caching is in key-value-cache.ts, sampling in sample-tokens.ts, the optimizer in adamw.ts.
 *
 * Values are float32, ids and positions int32. Letters in shapes: N rows, B sequences, T time, D hidden size, H query
 * heads, K key/value heads, E head size, F feed-forward size, V vocabulary. Results belong to the caller.
 */
import * as tf from '@tensorflow/tfjs-core';
// TensorFlow.js registers gradients only on request.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import type { Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Rotation } from './rope.ts';
import { composedTokenLogProbs } from './token-log-probs.ts';

/** Names under which a backend may register a fused kernel, with the gradient beside it. */
export const fusedKernels = {
  linears: 'RecLinears',
  joined: 'RecJoined',
  rmsNorm: 'RecRmsNorm',
  branchedNorm: 'RecBranchedNorm',
  rotary: 'RecRotary',
  causalAttention: 'RecCausalAttention',
  limitedAttention: 'RecLimitedAttention',
  swiglu: 'RecSwiglu',
  embed: 'RecEmbed',
  tokenLogProbs: 'RecTokenLogProbs',
} as const;

/** A position that attention must not see: large, but its difference to any score is finite in float32. */
const masked = -1e30;

/** x·weightᵀ + bias. x [N, in], weight [out, in] as Hugging Face stores it, bias [out] → [N, out]. */
export function linear(x: Tensor2D, weight: Tensor2D, bias?: Tensor1D): Tensor2D {
  return linears(x, [{ weight, bias }])[0];
}

/** What a linear layer takes beside its rows. */
export interface LinearPart {
  /** [out, in] */
  readonly weight: Tensor2D;
  /** [out] */
  readonly bias?: Tensor1D | undefined;
  readonly change?: LowRankChange | undefined;
}

/** (input·aᵀ)·bᵀ is added, where `input` [N, in] is x or what dropout left of it; a [r, in], b [out, r]. See lora.ts. */
export interface LowRankChange {
  readonly input: Tensor2D;
  readonly a: Tensor2D;
  readonly b: Tensor2D;
}

/** What a kernel for `linears` is given of each part, in this order; no `input` where that is x. */
export type LinearRole = 'weight' | 'bias' | 'a' | 'b' | 'input';

/** Linear layers of the same x [N, in] → [N, out] each. Their gradients repack and add up once what they have in common. */
export function linears(x: Tensor2D, parts: readonly LinearPart[]): Tensor2D[] {
  if (!isFused(fusedKernels.linears)) return parts.map((part) => tf.tidy(() => composedLinear(x, part)));
  const given = parts.flatMap(({ weight, bias, change }) => {
    const input = change?.input === x ? undefined : change?.input;
    const all: [LinearRole, Tensor2D | Tensor1D | undefined][] = [
      ['weight', weight],
      ['bias', bias],
      ['a', change?.a],
      ['b', change?.b],
      ['input', input],
    ];
    return all.filter(([, tensor]) => tensor);
  });
  const roles = given.map(([role]) => role);
  const frozen = parts.every(({ weight }) => weight instanceof tf.Variable && !weight.trainable);
  // An array, as operations of TensorFlow.js with any number of inputs have: those are named by their numbers.
  const inputs = [x, ...given.map(([, tensor]) => tensor)] as unknown as tf.NamedTensorMap;
  const results: unknown = tf.engine().runKernel(fusedKernels.linears, inputs, { roles, frozen });
  const [between, ...outs] = results as Tensor2D[];
  between.dispose(); // kept where there is to be a gradient
  return outs;
}

function composedLinear(x: Tensor2D, { weight, bias, change }: LinearPart): Tensor2D {
  const product = tf.matMul<Tensor2D>(x, weight, false, true);
  const whole = bias ? tf.add<Tensor2D>(product, bias) : product;
  if (!change) return whole;
  const { input, a, b } = change;
  return tf.add(whole, tf.matMul(tf.matMul<Tensor2D>(input, a, false, true), b, false, true));
}

/** a + b of the same shape, where ways join. TensorFlow.js's own sum would keep both for its gradient, which needs neither. */
export function joined(a: Tensor2D, b: Tensor2D): Tensor2D {
  return isFused(fusedKernels.joined) ? (runFused(fusedKernels.joined, { a, b }) as Tensor2D) : tf.add(a, b);
}

/** Each row divided by its root mean square, then scaled. x [N, D], weight [D] → [N, D]. */
export function rmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): Tensor2D {
  if (isFused(fusedKernels.rmsNorm)) return runFused(fusedKernels.rmsNorm, { x, weight }, { epsilon }) as Tensor2D;
  return tf.tidy(() => {
    const meanSquare = tf.mean(tf.square(x), -1, true); // [N, 1]
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), weight);
  });
}

/** [x, rmsNorm(x)], for a stream that goes on beside what its norm is for: the gradient adds up both ways where it is computed. */
export function branchedNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): [Tensor2D, Tensor2D] {
  if (!isFused(fusedKernels.branchedNorm)) return [x, rmsNorm(x, weight, epsilon)];
  const results: unknown = tf.engine().runKernel(fusedKernels.branchedNorm, { x, weight }, { epsilon });
  return results as [Tensor2D, Tensor2D];
}

/**
 * Rotary position embedding: dimension i of a head turns together with dimension i + E/2, as in Llama and Qwen.
 *
 * x [N, H, E] with even E, positions int32 [N] → [N, H, E]. Pass the same rotation each time: tables are kept for its
 * frequencies. No gradient reaches the positions.
 */
export function rotary(x: Tensor3D, positions: Tensor1D, { frequencies, scale }: Rotation): Tensor3D {
  if (isFused(fusedKernels.rotary)) {
    // The registry's types know only mutable arrays; the kernel does not write.
    return runFused(
      fusedKernels.rotary,
      { x, positions },
      { frequencies: frequencies as number[], scale, sign: 1 },
    ) as Tensor3D;
  }
  return tf.tidy(() => {
    const column = tf.reshape(tf.cast(positions, 'float32'), [-1, 1]);
    const angles = tf.reshape(tf.mul(column, tf.tensor2d([...frequencies], [1, frequencies.length])), [
      x.shape[0],
      1,
      frequencies.length,
    ]);
    const [cos, sin] = [tf.mul(tf.cos(angles), scale), tf.mul(tf.sin(angles), scale)]; // [N, 1, E/2]
    const [first, second] = tf.split(x, 2, -1); // [N, H, E/2] each
    return tf.concat(
      [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))],
      -1,
    );
  });
}

/**
 * Softmax attention in which each position sees itself and what came before; scores are scaled by 1/√E.
 *
 * q [B, T, H, E], k and v [B, T, K, E] with H a multiple of K: query head h reads key/value head ⌊h·K/H⌋ → [B, T, H, E].
 * Batches are padded on the right, so no valid position ever sees padding.
 *
 * `starts` int32 [B, T], where given, is the first position that each position sees, not falling along a row and never
 * beyond the position itself: for sequences packed into one row, and for windows that slide. Beside that it sees the first
 * `prefixes` int32 [B] positions of its row, where given: what its sequences have in common.
 */
export function causalAttention(
  q: Tensor4D,
  k: Tensor4D,
  v: Tensor4D,
  starts?: Tensor2D,
  prefixes?: Tensor1D,
): Tensor4D {
  if (starts && isFused(fusedKernels.limitedAttention)) {
    return tf.tidy(() => {
      const inputs = { q, k, v, starts, prefixes: prefixes ?? tf.zeros<tf.Rank.R1>([q.shape[0]], 'int32') };
      return runFused(fusedKernels.limitedAttention, inputs) as Tensor4D;
    });
  }
  if (!starts && isFused(fusedKernels.causalAttention)) {
    return runFused(fusedKernels.causalAttention, { q, k, v }) as Tensor4D;
  }
  return tf.tidy(() => {
    const [batch, time, heads, headSize] = q.shape;
    const groups = batch * k.shape[2];
    const rows = (heads / k.shape[2]) * time; // the query heads of one key/value head, stacked
    const headsFirst = (x: Tensor4D, length: number): Tensor3D =>
      tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [groups, length, headSize]);
    const products = tf.matMul(headsFirst(q, rows), headsFirst(k, time), false, true); // [B·K, H/K·T, T]
    const scores = tf.mul(tf.reshape(products, [batch, heads, time, time]), 1 / Math.sqrt(headSize));
    const weights = tf.softmax(tf.add(scores, hidden(time, starts, prefixes)));
    const mixed = tf.matMul(tf.reshape(weights, [groups, rows, time]), headsFirst(v, time));
    return tf.transpose(tf.reshape(mixed, [batch, heads, time, headSize]), [0, 2, 1, 3]);
  });
}

/** [1 or B, 1, T, T]: 0 where the position of a row sees that of a column, otherwise a large negative number. */
function hidden(time: number, starts?: Tensor2D, prefixes?: Tensor1D): Tensor4D {
  return tf.tidy(() => {
    const position = tf.range(0, time, 1, 'int32');
    const seen = tf.reshape(position, [1, 1, 1, time]);
    const later = tf.greater(seen, tf.reshape(position, [1, 1, time, 1]));
    const earlier = starts && tf.less(seen, tf.reshape(starts, [-1, 1, time, 1]));
    const others = earlier && prefixes ? tf.logicalAnd(earlier, beyond(seen, prefixes)) : earlier;
    const none = others ? tf.logicalOr(later, others) : later;
    return tf.mul(tf.cast(none, 'float32'), masked);
  });
}

/** [B, 1, 1, T]: whether a position lies behind what all of its row see. */
function beyond(position: tf.Tensor, prefixes: Tensor1D): tf.Tensor {
  return tf.greaterEqual(position, tf.reshape(prefixes, [-1, 1, 1, 1]));
}

/** silu(gate) · up, elementwise. [N, F] each → [N, F]. */
export function swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
  if (isFused(fusedKernels.swiglu)) return runFused(fusedKernels.swiglu, { gate, up }) as Tensor2D;
  return tf.tidy(() => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up));
}

/** Rows of the embedding matrix. weight [V, D], ids int32 [N] in [0, V) → [N, D]. */
export function embed(weight: Tensor2D, ids: Tensor1D): Tensor2D {
  if (isFused(fusedKernels.embed)) return runFused(fusedKernels.embed, { weight, ids }) as Tensor2D;
  return tf.gather(weight, ids);
}

/**
 * How likely each target was, and how open each choice: [N, 2] of the target's log-probability and the entropy in nats
 * of softmax(hidden·headᵀ / temperature).
 *
 * hidden [N, D], head [V, D], targets int32 [N] in [0, V), temperature > 0. Both columns are differentiable with respect
 * to hidden and, unless it is a variable that is not trainable, head. The [N, V] logits are never kept: a part of them at a
 * time is computed. A gradient of log-probabilities with such a head is prepared meanwhile; others compute the logits again.
 * `entropies` says that theirs will be asked for, so that nothing is prepared in vain.
 */
export function tokenLogProbs(
  hidden: Tensor2D,
  head: Tensor2D,
  targets: Tensor1D,
  temperature: number,
  entropies = false,
): Tensor2D {
  if (isFused(fusedKernels.tokenLogProbs)) {
    const frozen = head instanceof tf.Variable && !head.trainable;
    const inputs = { hidden, head, targets };
    const attrs = { temperature, frozen, directed: frozen && !entropies && tf.engine().isTapeOn() };
    const results: unknown = tf.engine().runKernel(fusedKernels.tokenLogProbs, inputs, attrs);
    const [both, ...others] = results as Tensor2D[];
    tf.dispose(others); // kept where there is to be a gradient
    return both;
  }
  return composedTokenLogProbs(hidden, head, targets, temperature);
}

function isFused(kernel: string): boolean {
  // Declared as always present, but undefined where the backend has no such kernel.
  return (tf.getKernel(kernel, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined;
}

function runFused(kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  // Kernels of ours have one result; the declared type covers those with several.
  const result: unknown = tf.engine().runKernel(kernel, inputs, attrs);
  return result as tf.Tensor;
}
