/**
 * @file WebGPU outside the browser: the package `webgpu` (Dawn) gives Node a `navigator.gpu`, tfjs-backend-webgpu does the rest.
 */
import * as tf from '@tensorflow/tfjs-core';
import { importOptional } from './optional-package.ts';
import { activateRegistered } from './registered-backend.ts';

interface Adapter {
  readonly info: { readonly description: string; readonly isFallbackAdapter: boolean };
}
interface Gpu {
  requestAdapter(options: { readonly powerPreference: 'high-performance' }): Promise<Adapter | null>;
}
interface Dawn {
  readonly create: (flags: readonly string[]) => Gpu;
  readonly globals: object;
}

interface GpuDevice {
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

let adapter: Adapter | undefined;

/** @throws Error when a package is absent or does not load, or when Dawn finds no adapter. */
export async function activateWebGpu(): Promise<string> {
  adapter ??= await openAdapter();
  await importOptional('@tensorflow/tfjs-backend-webgpu', 'webgpu');
  await activateRegistered('webgpu');
  failOnDeviceErrors();
  return `Dawn on ${adapter.info.description}`;
}

/** Whether WebGPU is active on a processor that plays a GPU: right, but slower than any other engine. */
export function isSoftwareGpu(): boolean {
  return tf.getBackend() === 'webgpu' && adapter?.info.isFallbackAdapter === true;
}

async function openAdapter(): Promise<Adapter> {
  const { exports, dir } = await importOptional('webgpu', 'webgpu');
  const { create, globals } = exports as Dawn;
  const gpu = create([]);
  const found = await gpu.requestAdapter({ powerPreference: 'high-performance' }); // as TensorFlow.js will ask
  if (!found) throw new Error(`webgpu in ${dir} found no adapter`);
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  return found;
}

/** A kernel that the device refuses leaves its output as it was: without this, training would go on with such numbers. */
function failOnDeviceErrors(): void {
  const { device } = tf.backend() as tf.KernelBackend & { readonly device: GpuDevice };
  device.onuncapturederror = ({ error }) => {
    throw new Error(`The GPU refused an operation: ${error.message}`);
  };
}
