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

const packages = { node: '@tensorflow/tfjs-node', 'node-gpu': '@tensorflow/tfjs-node-gpu' } as const;
type Engine = keyof typeof packages;

/** What is read of the package's backend. */
interface TfjsNodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

let loaded: { readonly engine: Engine; readonly dir: string } | undefined;

/** @throws Error when the package is absent or does not load, or when the one for GPUs finds none. */
export async function activateTfjsNode(engine: Engine): Promise<string> {
  loaded ??= { engine, dir: await load(engine) };
  await activateRegistered('tensorflow');
  const { isUsingGpuDevice, binding } = tf.backend() as TfjsNodeBackend;
  // The package for GPUs without one is as good on the processor as the other.
  if (loaded.engine !== engine && (isUsingGpuDevice || engine === 'node-gpu')) {
    throw new Error(`this process has loaded ${packages[loaded.engine]} from ${loaded.dir} already`);
  }
  if (engine === 'node-gpu' && !isUsingGpuDevice) {
    throw new Error(`${loaded.dir} found no CUDA device that TensorFlow ${binding.TF_Version} can use`);
  }
  return `TensorFlow ${binding.TF_Version} on ${isUsingGpuDevice ? 'a GPU' : 'the processor'}, from ${loaded.dir}`;
}

async function load(engine: Engine): Promise<string> {
  // Warnings and errors only: at its own level TensorFlow greets with the processor's instruction sets.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  restoreRemovedUtilities();
  return (await importOptional(packages[engine], engine)).dir;
}

/** tfjs-node 4.22 calls functions of `node:util` that Node deprecated and, from 23 on, removes. */
function restoreRemovedUtilities(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isArray = Array.isArray;
  util.isNullOrUndefined = (value: unknown): boolean => value === null || value === undefined;
}
