/**
 * @file Makes the embedded engine known to TensorFlow.js: its kernels once per process, its backend when first asked for.
 */
import * as tf from '@tensorflow/tfjs-core';
import { registerElementwise } from './elementwise.ts';
import { EmbeddedBackend, type EmbeddedOptions } from './embedded-backend.ts';
import { backendName } from './engine-kernel.ts';
import { registerFused } from './fused.ts';
import { registerProducts } from './products.ts';
import { registerReductions } from './reductions.ts';
import { registerShapes } from './shapes.ts';

let isRegistered = false;
let running: EmbeddedBackend | undefined;

/**
 * Makes the embedded engine the active backend.
 *
 * One that runs already is kept unless other options are asked for; then it is replaced, and its tensors are gone.
 */
export async function activateEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedBackend> {
  if (!isRegistered) registerKernels();
  if (!running || !suits(running, options)) {
    if (running) tf.removeBackend(backendName);
    const backend = await EmbeddedBackend.create(options);
    tf.registerBackend(backendName, () => backend);
    running = backend;
  }
  if (!(await tf.setBackend(backendName))) throw new Error('TensorFlow.js did not start the embedded engine');
  return running;
}

function suits(backend: EmbeddedBackend, { threads, variant }: EmbeddedOptions): boolean {
  return (
    (threads ?? backend.pool.threads) === backend.pool.threads &&
    (variant ?? backend.variant.name) === backend.variant.name
  );
}

function registerKernels(): void {
  tf.copyRegisteredKernels('cpu', backendName);
  registerProducts();
  registerElementwise();
  registerShapes();
  registerReductions();
  registerFused();
  isRegistered = true;
}
