/**
 * @file Gradient checkpointing (Chen and others 2016, arXiv 1604.06174): of a layer only its input is kept for the
 * gradient, and the layer is computed once more when its turn comes. A gradient step then holds the values of one layer
 * instead of all, for about a third more arithmetic. Numbers stay the same: the same operations run on the same values.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { lean } from './lean-gradients.ts';

/**
 * `layer(x, constants)`, of which nothing but x and the constants is kept for the gradient. x [N, D] → [N, D].
 *
 * Differentiable with respect to x and `parameters`, which must be all trainable variables that the layer reads. No
 * gradient reaches the constants; the layer must read them from its argument, since the caller may have disposed its own
 * by the time it runs again.
 */
export function checkpointed(
  layer: (x: Tensor2D, constants: readonly Tensor[]) => Tensor2D,
  x: Tensor2D,
  constants: readonly Tensor[],
  parameters: readonly Variable[],
): Tensor2D {
  const once = tf.customGrad((...args) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    save([x, ...constants]);
    return {
      value: tf.tidy(() => layer(x, constants)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [input, ...kept] = saved;
        return innerGradients(() => layer(input as Tensor2D, kept), [input, ...parameters], dy);
      },
    };
  });
  return once(x, ...parameters);
}

/** Gradients taken while those of a larger function are being taken. */
function innerGradients(f: () => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine();
  const tape = state.activeTape; // TensorFlow.js clears it when inner gradients are done, and the outer ones still need it
  try {
    const { value, grads } = tf.engine().gradients(lean(f), inputs, dy);
    value.dispose();
    return grads;
  } finally {
    state.activeTape = tape;
  }
}
