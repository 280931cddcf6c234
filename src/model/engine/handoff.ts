/**
 * @file How a job reaches the helper threads: one shared block of numbers, and the loop that every thread runs on it.
 *
 * A job is a kernel over a range, cut into chunks. Threads draw tickets (a counter of chunks left) until none are left;
 * a slow or sleeping helper simply draws fewer. Only a thread that holds a ticket of the current job reads its
 * description, and the caller publishes no new job before all chunks are done, so the description never changes under a
 * reader. Errors are kept as text and thrown by the caller, who also looks from time to time whether those that it waits for
 * still live.
 *
 * Who waits spins a little before it sleeps, since waking costs more than most operations. Spinning that came to nothing
 * takes the time of others, or of the very thread that is waited for: then the next tries are much shorter, until one succeeds.
 */
import { messageOf } from '../../base/errors.ts';

/** Kernels by name; every instance has the same ones in the same order. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => number>>;

export const maxArguments = 20;
const messageBytes = 1024;

/** Words of the shared block. Those that threads fight for have a cache line (16 words) of their own. */
const word = {
  tickets: 0,
  done: 16,
  sequence: 32,
  sleepers: 48,
  callerWaits: 64,
  stop: 80,
  failed: 96,
  job: 112,
} as const;
/** From `word.job`: kernel, chunks, grain, total. */
const [jobKernel, jobChunks, jobGrain, jobTotal] = [0, 1, 2, 3].map((i) => word.job + i);

export interface Job {
  /** Index in the instance's list of kernels. */
  readonly kernel: number;
  /** The range is [0, total). */
  readonly total: number;
  /** How much of the range one chunk has. */
  readonly grain: number;
  readonly args: readonly number[];
}

/** A view of the shared block, which is created once and handed to every thread. */
export class Handoff {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #args: Float64Array;
  readonly #message: Uint8Array;
  readonly #patience = new Patience();

  constructor(shared = new SharedArrayBuffer(1024 + maxArguments * 8 + messageBytes)) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, 256);
    this.#args = new Float64Array(shared, 1024, maxArguments);
    this.#message = new Uint8Array(shared, 1024 + maxArguments * 8, messageBytes);
  }

  /** Offers a job to all threads. The one before must be done. */
  publish({ kernel, total, grain, args }: Job): void {
    const words = this.#words;
    if (args.length > maxArguments) throw new Error(`a kernel takes at most ${maxArguments} arguments`);
    const chunks = Math.ceil(total / grain);
    words[jobKernel] = kernel;
    words[jobChunks] = chunks;
    words[jobGrain] = grain;
    words[jobTotal] = total;
    this.#args.set(args);
    Atomics.store(words, word.done, 0);
    Atomics.store(words, word.tickets, chunks);
    Atomics.add(words, word.sequence, 1);
    if (Atomics.load(words, word.sleepers) > 0) Atomics.notify(words, word.sequence);
  }

  /** Works on chunks of the current job until none are left. */
  drain(functions: readonly ((...args: number[]) => number)[]): void {
    const words = this.#words;
    while (Atomics.load(words, word.tickets) > 0) {
      const ticket = Atomics.sub(words, word.tickets, 1);
      if (ticket <= 0) return;
      const chunks = words[jobChunks];
      const first = (chunks - ticket) * words[jobGrain];
      const last = Math.min(first + words[jobGrain], words[jobTotal]);
      try {
        call(functions[words[jobKernel]], first, last, this.#args);
      } catch (error) {
        this.#fail(messageOf(error));
      }
      const isLast = Atomics.add(words, word.done, 1) === chunks - 1;
      if (isLast && Atomics.load(words, word.callerWaits) === 1) Atomics.notify(words, word.done);
    }
  }

  /**
   * Blocks until every chunk is done; throws what went wrong in any of them.
   *
   * @param checkHelpers called now and then while there is no end; throws when a helper has gone, whose chunk will never be done.
   */
  finish(checkHelpers: () => void): void {
    const words = this.#words;
    const chunks = words[jobChunks];
    const isDone = (): boolean => Atomics.load(words, word.done) === chunks;
    if (!this.#patience.spinUntil(isDone)) this.#sleepUntilDone(chunks, checkHelpers);
    if (Atomics.exchange(words, word.failed, 0) === 1) throw new Error(`A kernel failed: ${this.#readMessage()}`);
  }

  #sleepUntilDone(chunks: number, checkHelpers: () => void): void {
    const words = this.#words;
    Atomics.store(words, word.callerWaits, 1);
    let checkAt = performance.now() + checkMillis;
    for (let done = Atomics.load(words, word.done); done !== chunks; done = Atomics.load(words, word.done)) {
      if (mayBlock) Atomics.wait(words, word.done, done, 1); // the limit also covers a notification that came just before
      if (performance.now() < checkAt) continue;
      checkHelpers();
      checkAt = performance.now() + checkMillis;
    }
    Atomics.store(words, word.callerWaits, 0);
  }

  /** A helper's life: works, spins a little, sleeps, until told to stop. */
  serve(functions: readonly ((...args: number[]) => number)[]): void {
    const words = this.#words;
    while (Atomics.load(words, word.stop) === 0) {
      const sequence = Atomics.load(words, word.sequence);
      this.drain(functions);
      if (this.#patience.spinUntil(() => Atomics.load(words, word.sequence) !== sequence)) continue;
      Atomics.add(words, word.sleepers, 1);
      Atomics.wait(words, word.sequence, sequence);
      Atomics.sub(words, word.sleepers, 1);
    }
  }

  /** Makes all helpers leave `serve`. */
  stop(): void {
    Atomics.store(this.#words, word.stop, 1);
    Atomics.add(this.#words, word.sequence, 1);
    Atomics.notify(this.#words, word.sequence);
  }

  #fail(message: string): void {
    if (Atomics.compareExchange(this.#words, word.failed, 0, 1) !== 0) return; // the first one counts
    this.#message.fill(0);
    this.#message.set(new TextEncoder().encode(message).subarray(0, messageBytes));
  }

  #readMessage(): string {
    const bytes = this.#message.slice(); // decoders refuse shared memory
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
}

/** Written out: spreading an array into a WebAssembly call costs more than many kernels. Surplus arguments are ignored. */
function call(kernel: (...args: number[]) => number, first: number, last: number, a: Float64Array): void {
  // prettier-ignore
  kernel(first, last, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15],
    a[16], a[17], a[18], a[19]);
}

/** Some runtimes forbid their main thread to block; it spins instead. */
const mayBlock = canBlock();

function canBlock(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0) === 'timed-out';
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** How often who waits looks whether the others live. */
const checkMillis = 100;

/** Long enough to bridge the gap between two operations, short enough to leave the core to others. */
const spinMillis = 0.1;
/** After a try that was in vain. */
const shortSpinMillis = 0.004;

/** How long one thread spins for something before it gives up. */
class Patience {
  #millis = spinMillis;

  spinUntil(isTrue: () => boolean): boolean {
    const deadline = performance.now() + this.#millis;
    do {
      for (let i = 0; i < 64; i++) {
        if (!isTrue()) continue;
        this.#millis = spinMillis;
        return true;
      }
    } while (performance.now() < deadline);
    this.#millis = shortSpinMillis;
    return isTrue();
  }
}
