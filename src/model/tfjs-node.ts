/**
 * @file TensorFlow's C library as an engine, through `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`.
 *
 * Both packages register the backend name `tensorflow` and load a library of the same name, so one process has one of
 * them, the first that was asked for.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { importOptional } from './optional-package.ts';
import { activateRegistered } from './registered-backend.ts';

export type TfjsNodePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** What is read of the package's backend. */
interface TfjsNodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

let loaded: { readonly name: TfjsNodePackage; readonly dir: string } | undefined;

/** @throws Error when the package is absent or does not load, or when the one for GPUs finds none. */
export async function activateTfjsNode(name: TfjsNodePackage): Promise<string> {
  loaded ??= { name, dir: await load(name) };
  await activateRegistered('tensorflow');
  const { isUsingGpuDevice, binding } = tf.backend() as TfjsNodeBackend;
  // The package for GPUs without one is as good on the processor as the other.
  if (loaded.name !== name && (isUsingGpuDevice || name === '@tensorflow/tfjs-node-gpu')) {
    throw new Error(`this process has loaded ${loaded.name} from ${loaded.dir} already`);
  }
  if (name === '@tensorflow/tfjs-node-gpu' && !isUsingGpuDevice) {
    throw new Error(`${name} in ${loaded.dir} found no CUDA device that TensorFlow ${binding.TF_Version} can use`);
  }
  const device = isUsingGpuDevice ? 'a GPU' : 'the processor';
  return `TensorFlow ${binding.TF_Version} on ${device}, ${loaded.name} in ${loaded.dir}`;
}

async function load(name: TfjsNodePackage): Promise<string> {
  // Warnings and errors only: at its own level TensorFlow greets with the processor's instruction sets.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  restoreRemovedUtilities();
  return (await importOptional(name)).dir;
}

/** tfjs-node 4.22 calls functions of `node:util` that Node deprecated and, from 23 on, removes. */
function restoreRemovedUtilities(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isArray = Array.isArray;
  util.isNullOrUndefined = (value: unknown): boolean => value === null || value === undefined;
}
