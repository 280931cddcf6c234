/**
 * @file Which engine does the tensor arithmetic: what exists on this machine, and what `auto` takes.
 *
 * Native engines are optional dependencies: they are imported only when asked about, and their absence is an answer,
 * not an error. TensorFlow.js keeps its registries on the global object, so a native package that brings its own copy of
 * the core joins the one in this bundle.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { createRequire } from 'node:module';
import { messageOf, UserError } from '../base/errors.ts';
import { activateEmbedded } from './engine/register.ts';

export const backendNames = ['embedded', 'node-gpu', 'node', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendOptions {
  /** Threads of the embedded engine, the caller's included. Default: what the machine has, within reason. */
  readonly threads?: number;
}

export interface SelectedBackend {
  readonly name: BackendName;
  /** Why this one. */
  readonly reason: string;
  /** What it runs on: device, threads, kernels. */
  readonly description: string;
}

export interface BackendReport {
  readonly name: BackendName;
  readonly isAvailable: boolean;
  /** What it runs on, or why it is not available. */
  readonly description: string;
  /** What `auto` would take. */
  readonly isDefault: boolean;
}

/** Makes an engine the active backend and says what it runs on; throws when it cannot be had here. */
type Activation = (options: BackendOptions) => Promise<string>;

const activations: Readonly<Record<BackendName, Activation>> = {
  embedded: async (options) => (await activateEmbedded(options)).description,
  'node-gpu': () => activateNative('@tensorflow/tfjs-node-gpu', true),
  node: () => activateNative('@tensorflow/tfjs-node', false),
  webgpu: activateWebGpu,
  cpu: () => activateRegistered('cpu', "TensorFlow.js's plain JavaScript, the reference"),
};

/** Tried in this order by `auto`: a CUDA device if one really loads, otherwise what always works. */
const automatic: readonly BackendName[] = ['node-gpu', 'embedded'];

/**
 * Makes one engine the active TensorFlow.js backend.
 *
 * `auto` never fails; a named engine that cannot be had is a UserError that says what is missing.
 */
export async function selectBackend(
  name: BackendName | 'auto',
  options: BackendOptions = {},
): Promise<SelectedBackend> {
  if (name !== 'auto') return { ...(await activate(name, options)), reason: 'asked for' };
  const refusals: string[] = [];
  for (const candidate of automatic) {
    try {
      const selected = await activate(candidate, options);
      return { ...selected, reason: refusals.length > 0 ? refusals.join('; ') : 'a CUDA device is available' };
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  throw new UserError(`No tensor engine could be started: ${refusals.join('; ')}.`);
}

/** Every engine, whether it can be had here, and which one `auto` takes. Leaves the automatic choice active. */
export async function listBackends(options: BackendOptions = {}): Promise<BackendReport[]> {
  const found = new Map<BackendName, Omit<BackendReport, 'isDefault'>>();
  for (const name of backendNames) {
    found.set(
      name,
      await activate(name, options).then(
        ({ description }) => ({ name, isAvailable: true, description }),
        (error: unknown) => ({ name, isAvailable: false, description: messageOf(error) }),
      ),
    );
  }
  const chosen = await selectBackend('auto', options);
  return [...found.values()].map((report) => ({ ...report, isDefault: report.name === chosen.name }));
}

async function activate(name: BackendName, options: BackendOptions): Promise<Omit<SelectedBackend, 'reason'>> {
  tf.enableProdMode(); // without it TensorFlow.js advertises its native package on standard error
  try {
    return { name, description: await activations[name](options) };
  } catch (error) {
    throw new UserError(`The tensor engine "${name}" cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

async function activateRegistered(registered: string, description: string): Promise<string> {
  // The CPU backend would print an advertisement for tfjs-node when it is first used.
  if (registered === 'cpu') ((tf.findBackend('cpu') as { firstUse?: boolean } | null) ?? {}).firstUse = false;
  if (!(await tf.setBackend(registered))) throw new Error(`TensorFlow.js did not start its backend "${registered}"`);
  await tf.ready();
  return description;
}

/** TensorFlow's C library through tfjs-node. Both packages register the name `tensorflow`, so one process has one of them. */
async function activateNative(packageName: string, needsGpu: boolean): Promise<string> {
  restoreRemovedUtilities();
  await importOptional(packageName);
  const description = await activateRegistered('tensorflow', `TensorFlow's C library through ${packageName}`);
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  if (needsGpu && isUsingGpuDevice !== true) throw new Error(`${packageName} is installed but found no CUDA device`);
  return description;
}

/** tfjs-node 4.22 still calls `util.isArray` and friends, which Node 23 removed. */
function restoreRemovedUtilities(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isArray ??= Array.isArray;
  util.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined;
}

/** WebGPU outside the browser: Dawn's bindings give Node a `navigator.gpu`, tfjs-backend-webgpu does the rest. */
async function activateWebGpu(): Promise<string> {
  const dawn = (await importOptional('webgpu')) as { create(flags: string[]): GpuLike; globals: object };
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('Dawn found no adapter');
  Object.assign(globalThis, dawn.globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  await importOptional('@tensorflow/tfjs-backend-webgpu');
  return activateRegistered('webgpu', `Dawn on ${adapter.info?.description ?? 'an unnamed adapter'}`);
}

interface GpuLike {
  requestAdapter(): Promise<{ info?: { description?: string } } | null>;
}

/** A package that may be absent; the specifier is a variable so that neither compiler nor bundler looks for it. */
async function importOptional(packageName: string): Promise<unknown> {
  try {
    return await import(packageName);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new Error(
      isAbsent ? `${packageName} is not installed` : `${packageName} does not load: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
