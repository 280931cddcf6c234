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
import { messageOf, UserError } from '../base/errors.ts';
import { EmbeddedBackend } from './engine/embedded-backend.ts';
import { mayBlock } from './engine/handoff.ts';
import { activateEmbedded } from './engine/register.ts';
import { activateRegistered } from './registered-backend.ts';
import { activateTfjsNode } from './tfjs-node.ts';
import { activateWebGpu, isSoftwareGpu } from './webgpu.ts';

/** The version of TensorFlow.js that an engine's packages must have. */
export const tensorflowJs = tf.version_core;

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
  'node-gpu': () => activateTfjsNode('node-gpu'),
  node: () => activateTfjsNode('node'),
  webgpu: activateWebGpu,
  cpu: activateCpu,
};

/**
 * Tried in this order by `auto`: a GPU that really works, otherwise the engine that always does. `node` is not among them:
 * for a step of the demo TensorFlow needs 1.8 times the embedded engine's processor time, and 3 to 4 times as long where both
 * have two cores to themselves (test/bench/backends.ts).
 */
const automatic: readonly BackendName[] = ['node-gpu', 'webgpu', 'embedded'];

/**
 * Makes one engine the active TensorFlow.js backend.
 *
 * `auto` never fails; a named engine that cannot be had is a UserError that says what is missing.
 */
export async function selectBackend(
  name: BackendName | 'auto',
  options: BackendOptions = {},
): Promise<SelectedBackend> {
  tf.enableProdMode(); // without it TensorFlow.js advertises its native package on standard error
  if (name === 'auto') return selectAutomatically(options);
  try {
    return { name, description: await activations[name](options), reason: 'asked for' };
  } catch (error) {
    throw new UserError(
      `The tensor engine "${name}" cannot be used: ${messageOf(error)}; "rec-r1 doctor" lists what can.`,
      { cause: error },
    );
  }
}

async function selectAutomatically(options: BackendOptions): Promise<SelectedBackend> {
  const refusals: string[] = [];
  for (const name of automatic) {
    try {
      const description = await activations[name](options);
      if (isSoftwareGpu()) throw new Error('Dawn found a software adapter only');
      return { name, description, reason: reasonFor(name, refusals) };
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  throw new UserError(`No tensor engine could be started: ${refusals.join('; ')}.`);
}

function reasonFor(name: BackendName, refusals: readonly string[]): string {
  return name === 'embedded' ? `the fastest without a GPU (${refusals.join('; ')})` : 'a GPU that works comes first';
}

/** Every engine, whether it can be had here, and which one `auto` takes. Leaves the automatic choice active. */
export async function listBackends(options: BackendOptions = {}): Promise<BackendReport[]> {
  tf.enableProdMode();
  const found: Omit<BackendReport, 'isDefault'>[] = [];
  for (const name of backendNames) {
    const report = await activations[name](options).then(
      (description) => ({ name, isAvailable: true, description }),
      (error: unknown) => ({ name, isAvailable: false, description: messageOf(error) }),
    );
    found.push(report);
  }
  const chosen = await selectBackend('auto', options);
  return found.map((report) => ({ ...report, isDefault: report.name === chosen.name }));
}

/**
 * Whether everything shall stand still, to be asked between the kernels of the embedded engine and until it says no: a gradient of a
 * large model takes many seconds in which nothing can be awaited. Other engines have no such place, and some runtimes may not block.
 */
export function betweenKernels(standsStill: (() => boolean) | undefined): void {
  const backend = tf.backend();
  if (backend instanceof EmbeddedBackend && mayBlock) backend.pool.standsStill = standsStill;
}

async function activateCpu(): Promise<string> {
  // It would print an advertisement for tfjs-node when it is first used.
  ((tf.findBackend('cpu') as { firstUse?: boolean } | null) ?? {}).firstUse = false;
  await activateRegistered('cpu');
  return "TensorFlow.js's plain JavaScript, the reference";
}
