/**
 * @file Log-probability and entropy over a large vocabulary without keeping the logits: the composed form of
 * `tokenLogProbs` in ops.ts, for backends that have no kernel of their own for it.
 *
 * With z = hidden·headᵀ / temperature and p = softmax(z): the target's log-probability has the gradient
 * onehot − p with respect to z, and the entropy H has −p·(log p + H).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** Logits held at a time: 64 MiB of float32. */
const chunkElements = 1 << 24;

/** See `tokenLogProbs`. hidden [N, D], head [V, D], targets int32 [N] → [N, 2]. */
export function composedTokenLogProbs(
  hidden: Tensor2D,
  head: Tensor2D,
  targets: Tensor1D,
  temperature: number,
  rowsPerChunk = Math.max(1, Math.floor(chunkElements / head.shape[0])),
): Tensor2D {
  const isFrozen = head instanceof tf.Variable && !head.trainable;
  const chunked = tf.customGrad((...args) => {
    const [states, save] = [args[0] as Tensor2D, args.at(-1) as tf.GradSaveFunc];
    const matrix = isFrozen ? head : (args[1] as Tensor2D);
    save([states, matrix, targets]);
    const chunks = chunksOf(states, targets, rowsPerChunk);
    const parts = chunks.map((chunk) => statistics(chunk, matrix, temperature));
    return {
      value: parts.length === 0 ? tf.zeros([0, 2]) : tf.concat(parts, 0),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [inputs, kept, ids] = saved as [Tensor2D, Tensor2D, Tensor1D];
        const gradients = gradient(chunksOf(inputs, ids, rowsPerChunk), kept, temperature, dy as Tensor2D, !isFrozen);
        return isFrozen ? gradients[0] : gradients;
      },
    };
  });
  return (isFrozen ? chunked(hidden) : chunked(hidden, head)) as Tensor2D;
}

interface Chunk {
  /** First row. */
  readonly start: number;
  /** [n, D] */
  readonly states: Tensor2D;
  /** [n] */
  readonly targets: Tensor1D;
}

function chunksOf(states: Tensor2D, targets: Tensor1D, rows: number): Chunk[] {
  const chunks: Chunk[] = [];
  const [total, size] = states.shape;
  for (let start = 0; start < total; start += rows) {
    const count = Math.min(rows, total - start);
    chunks.push({
      start,
      states: tf.slice(states, [start, 0], [count, size]),
      targets: tf.slice(targets, [start], [count]),
    });
  }
  return chunks;
}

/** [n, 2] of log-probability and entropy. */
function statistics(chunk: Chunk, head: Tensor2D, temperature: number): Tensor2D {
  return tf.tidy(() => {
    const logProbs = logSoftmax(chunk, head, temperature); // [n, V]
    const picked = tf.sum(tf.mul(logProbs, oneHot(chunk, head)), 1);
    const entropy = tf.neg(tf.sum(tf.mul(tf.exp(logProbs), logProbs), 1));
    return tf.stack([picked, entropy], 1) as Tensor2D;
  });
}

/** Gradients with respect to the hidden states and, if asked for, the head. dy [N, 2]. */
function gradient(
  chunks: readonly Chunk[],
  head: Tensor2D,
  temperature: number,
  dy: Tensor2D,
  wantsHead: boolean,
): tf.Tensor[] {
  const [vocabulary, size] = head.shape;
  let dHead: tf.Tensor = tf.zeros(wantsHead ? [vocabulary, size] : [0]);
  const dHidden = chunks.map((chunk) => {
    const [dStates, sum] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
      const dLogits = logitGradient(chunk, head, temperature, dy);
      const states = tf.matMul(dLogits, head);
      return [states, wantsHead ? tf.add(dHead, tf.matMul(dLogits, chunk.states, true)) : tf.clone(dHead)];
    });
    dHead.dispose();
    dHead = sum;
    return dStates;
  });
  const all = dHidden.length === 0 ? tf.zeros([0, size]) : tf.concat(dHidden, 0);
  return wantsHead ? [all, dHead] : [all];
}

/** [n, V]: what one row of dy means for the logits before the temperature. */
function logitGradient(chunk: Chunk, head: Tensor2D, temperature: number, dy: Tensor2D): Tensor2D {
  const rows = tf.slice(dy, [chunk.start, 0], [chunk.states.shape[0], 2]);
  const [dLogProb, dEntropy] = tf.split(rows, 2, 1); // [n, 1] each
  const logProbs = logSoftmax(chunk, head, temperature);
  const probs = tf.exp(logProbs);
  const entropy = tf.neg(tf.sum(tf.mul(probs, logProbs), 1, true));
  const towardsTarget = tf.mul(tf.sub(oneHot(chunk, head), probs), dLogProb);
  const towardsEntropy = tf.mul(tf.mul(probs, tf.add(logProbs, entropy)), dEntropy);
  return tf.div(tf.sub(towardsTarget, towardsEntropy), temperature);
}

/** Written out: TensorFlow.js's own logSoftmax keeps its input for a gradient that is not wanted here. */
function logSoftmax(chunk: Chunk, head: Tensor2D, temperature: number): Tensor2D {
  const logits = tf.div(tf.matMul(chunk.states, head, false, true), temperature);
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
}

function oneHot(chunk: Chunk, head: Tensor2D): Tensor2D {
  return tf.cast(tf.oneHot(chunk.targets, head.shape[0]), 'float32') as Tensor2D;
}
