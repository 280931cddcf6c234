/**
 * @file Entry of a helper thread: an instance of the kernels over the shared memory, serving jobs until told to stop.
 *
 * It serves from inside its event loop, for only of a thread whose loop has begun can the pool see that it has gone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { kernelImports } from './far-memory.ts';
import { Handoff, type KernelFunctions } from './handoff.ts';

/** What the pool gives each helper. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** See far-memory.ts. */
  readonly far: SharedArrayBuffer;
  readonly handoff: SharedArrayBuffer;
  /** 1 for the first helper; the caller is 0. */
  readonly index: number;
  /** The kernels in the order in which jobs count them. */
  readonly names: readonly string[];
}

const { module, memory, far, handoff, index, names } = workerData as ThreadData;
const { exports } = new WebAssembly.Instance(module, kernelImports(memory, far));
const kernels = exports as KernelFunctions;
kernels.setThread(index);
setImmediate(() => {
  parentPort!.postMessage('ready');
  new Handoff(handoff).serve(names.map((name) => kernels[name]));
});
