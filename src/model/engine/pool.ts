/**
 * @file The engine's threads: the caller and its helpers, sharing one memory. One job runs at a time; the caller works too,
 * but only when it has to wait: while it prepares the next operations, the helpers do those that it has prepared.
 *
 * A helper that has gone (its memory was exhausted, say) took its part of a job with it: that job and all later ones fail.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';
import { kernelImports } from './far-memory.ts';
import { Handoff, type KernelFunctions, queueLength } from './handoff.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { ThreadData } from './thread.ts';

/** More threads than this wait for each other more than they help at the sizes this engine is for. */
const mostThreads = 16;

/** All cores up to a limit. */
export function defaultThreads(): number {
  return Math.min(mostThreads, availableParallelism());
}

export class Pool {
  readonly kernels: KernelFunctions;
  /** The caller's included. */
  readonly threads: number;
  readonly #handoff = new Handoff();
  readonly #names: readonly string[];
  readonly #functions: readonly ((...args: number[]) => number)[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #workers: readonly Worker[];
  /** Asked before each kernel, and then until it says no: whether all threads shall stand still. */
  standsStill: (() => boolean) | undefined;
  /** Why a helper has gone; undefined while all live. */
  #loss: string | undefined;
  #isDisposed = false;

  private constructor(module: WebAssembly.Module, shared: SharedMemory, threads: number) {
    const { exports } = new WebAssembly.Instance(module, kernelImports(shared.memory, shared.far.buffer));
    this.kernels = exports as KernelFunctions;
    this.threads = threads;
    this.#names = Object.keys(exports).filter((name) => typeof exports[name] === 'function');
    this.#functions = this.#names.map((name) => this.kernels[name]);
    this.#indices = new Map(this.#names.map((name, i) => [name, i]));
    this.#workers = Array.from({ length: threads - 1 }, (_, i) => this.#start(module, shared, i + 1));
  }

  /** A pool whose helpers are ready. They do not keep the process alive. */
  static async create(module: WebAssembly.Module, shared: SharedMemory, threads: number): Promise<Pool> {
    const pool = new Pool(module, shared, threads);
    await Promise.all(pool.#workers.map((worker) => once(worker, 'message')));
    for (const worker of pool.#workers) worker.unref();
    return pool;
  }

  /** For how many threads work should be cut: for one while the helpers stand aside. */
  get sharing(): number {
    return this.#handoff.isAside ? 1 : this.threads;
  }

  /**
   * Runs a kernel over [0, total) in chunks of `grain`, on all threads, after all jobs before. It need not be done when this
   * returns: who looks at what kernels read or write calls `settle` first, as the accessors of the shared memory do.
   *
   * The kernel's first two arguments are the chunk's range, `args` the others. What a chunk throws is thrown by a later
   * call of this or of `settle`.
   */
  run(kernel: string, total: number, grain: number, args: readonly number[]): void {
    if (total <= 0) return;
    const index = this.#indices.get(kernel);
    if (index === undefined) throw new Error(`there is no kernel ${kernel}`);
    if (this.#loss !== undefined) throw new Error(this.#loss);
    if (this.standsStill?.()) this.#handoff.standStill(this.standsStill);
    const isAlone = this.threads === 1 || (total <= grain && this.#handoff.pending === 0);
    if (isAlone) {
      // In chunks here too: what a kernel has for its own use may be as large as one.
      for (let start = 0; start < total; start += grain)
        this.#functions[index](start, Math.min(total, start + grain), ...args);
      return;
    }
    this.#work(queueLength - 1);
    this.#handoff.publish({ kernel: index, total, grain, args });
  }

  /** Where jobs keep what the next one's kernel reads, from 0 to `queueLength`: the caller may write it, nobody reads it any more. */
  place(): number {
    this.#work(queueLength - 1);
    return this.#handoff.place;
  }

  /** Waits until every job is done; throws what any of them threw. */
  settle(): void {
    this.#work(0);
  }

  #work(most: number): void {
    this.#handoff.workUntil(most, this.#functions, () => {
      this.#checkHelpers();
    });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#handoff.stop();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(module: WebAssembly.Module, { memory, far }: SharedMemory, index: number): Worker {
    const handoff = this.#handoff.shared;
    const workerData: ThreadData = { module, memory, far: far.buffer, handoff, index, names: this.#names };
    const worker = new Worker(pathToFileURL(join(packageRoot(), 'dist/thread.mjs')), { workerData, execArgv: [] });
    worker.on('error', (error) => {
      this.#lose(`: ${messageOf(error)}`);
    });
    worker.on('exit', () => {
      if (!this.#isDisposed) this.#lose('');
    });
    return worker;
  }

  #checkHelpers(): void {
    if (!this.#workers.some(hasEnded)) return;
    this.#lose('');
    throw new Error(this.#loss);
  }

  #lose(reason: string): void {
    this.#loss ??= `A helper thread of the tensor engine has ended${reason}; start again, with the setting threads=1 if it goes on.`;
  }
}

/**
 * Whether a thread has ended whose event loop had begun. While the caller blocks no event says so, but Node then gives its loop
 * an idle time of -1 ms.
 */
export function hasEnded(worker: Worker): boolean {
  return worker.performance.eventLoopUtilization().idle < 0;
}
