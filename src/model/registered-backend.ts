/** @file Making a backend that TensorFlow.js knows by name the active one. */
import * as tf from '@tensorflow/tfjs-core';

/** @throws Error when it does not start. */
export async function activateRegistered(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js did not start its backend "${name}"`);
  await tf.ready();
}
