/** @file Where an engine can save work because weights do not change for a while. */
import * as tf from '@tensorflow/tfjs-core';
import { EmbeddedBackend } from './engine/embedded-backend.ts';

/** Until the function that it returns is called these parameters must not change; the embedded engine repacks them once. */
export function keepPanels(parameters: readonly tf.Variable[]): () => void {
  const backend = tf.backend();
  return backend instanceof EmbeddedBackend ? backend.keepPanels(parameters) : (): void => undefined;
}
