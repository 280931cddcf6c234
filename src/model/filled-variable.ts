/**
 * @file Variables whose values are written straight to where the active engine keeps them, so that a model is read without
 * a second copy of it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { EmbeddedBackend } from './engine/embedded-backend.ts';

/** A float32 variable that `fill` writes; the caller disposes it. When `fill` throws, nothing is left behind. */
export async function filledVariable(
  shape: readonly number[],
  fill: (values: Float32Array) => Promise<void>,
): Promise<tf.Variable> {
  const backend = tf.backend();
  if (backend instanceof EmbeddedBackend) return filledInPlace(backend, shape, fill);
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  await fill(values);
  return variable(values, shape);
}

async function filledInPlace(
  backend: EmbeddedBackend,
  shape: readonly number[],
  fill: (values: Float32Array) => Promise<void>,
): Promise<tf.Variable> {
  const output = backend.output(shape);
  const made = owned(tf.engine().makeTensorFromTensorInfo(output, backend));
  try {
    await fill(backend.shared.floats(output.address, output.size));
    return made;
  } catch (error) {
    made.dispose();
    throw error;
  }
}

/** A variable with these values, which the engine may keep as they are. */
export function variable(values: Float32Array, shape: readonly number[]): tf.Variable {
  return owned(tf.tensor(values, [...shape], 'float32'));
}

/** Variables are made unnamed: TensorFlow.js refuses a second variable of the same name, and two models share names. */
function owned(tensor: tf.Tensor): tf.Variable {
  const made = tf.variable(tensor);
  tensor.dispose();
  return made;
}
