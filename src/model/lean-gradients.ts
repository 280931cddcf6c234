/**
 * @file TensorFlow.js holds every gradient of a step, and every value that one is made of, until the last is done. Here those of
 * an operation are let go of when the next one's turn comes: at any time there are the gradients of a few operations and the
 * values of the layers before them.
 */
import * as tf from '@tensorflow/tfjs-core';

/**
 * `f` for a function that takes gradients of it, once. The gradient that those start from is let go of too.
 *
 * An operation's gradients must be tensors of their own, never the one that they are made of.
 */
export function lean<T>(f: () => T): () => T {
  return () => {
    const value = f();
    let done: tf.Tensor[] = [];
    for (const operation of tf.engine().state.activeTape) {
      const { gradient, saved = [] } = operation;
      if (!gradient) continue;
      operation.gradient = (dys) => {
        tf.dispose(done);
        done = [...saved, ...dys];
        return gradient(dys);
      };
    }
    return value;
  };
}
