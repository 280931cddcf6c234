/**
 * @file How jobs reach the helper threads: a queue in one shared block of numbers, and the loop that every thread runs on it.
 *
 * A job is a kernel over a range, cut into chunks. Jobs are done one after the other, in the order in which the caller gave
 * them; it need not wait, and prepares the next ones meanwhile. Threads draw tickets (a counter of chunks left) until none
 * are left; a slow or sleeping helper simply draws fewer. Who does a job's last chunk begins the next job. A job cannot end
 * while somebody holds a ticket of it, so that its description never changes under a reader. Errors are kept as text and
 * thrown by the caller, who also looks from time to time whether those that it waits for still live.
 *
 * Who waits spins a little before it sleeps, since waking costs more than most operations. Spinning that came to nothing
 * takes the time of others, or of the very thread that is waited for: then the next tries are much shorter, until one succeeds. Helpers
 * that have no core of their own stand aside for a while (core-share.ts).
 */
import { messageOf } from '../../base/errors.ts';
import { CoreShare } from './core-share.ts';

/** Kernels by name; every instance has the same ones in the same order. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => number>>;

export const maxArguments = 20;
/** Jobs that may wait, a power of two: enough to bridge what the caller does between two of them. */
export const queueLength = 32;
const messageBytes = 1024;

/** Words of the shared block. Those that threads fight for have a cache line (16 words) of their own. */
const word = {
  /** Chunks of the current job that nobody has taken; not positive: none. */
  tickets: 0,
  /** Chunks of the current job that are done. */
  done: 16,
  /** Jobs that were begun. */
  begun: 32,
  /** Jobs that are not done. */
  pending: 48,
  sleepers: 64,
  callerWaits: 80,
  stop: 96,
  /** Whether a kernel has failed: 1 from then on, 2 once its message is there. */
  failed: 112,
  /** 1 while helpers shall leave the work to the caller. */
  aside: 128,
  jobs: 144,
} as const;
/** A job's words: kernel, chunks, grain, total. */
const jobWords = 4;
const argumentsAt = (word.jobs + queueLength * jobWords) * 4;
const messageAt = argumentsAt + queueLength * maxArguments * 8;

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
  readonly #coreShare: CoreShare;
  #published = 0;

  constructor(shared = new SharedArrayBuffer(messageAt + messageBytes), coreShare = new CoreShare()) {
    this.shared = shared;
    this.#coreShare = coreShare;
    this.#words = new Int32Array(shared, 0, argumentsAt / 4);
    this.#args = new Float64Array(shared, argumentsAt, queueLength * maxArguments);
    this.#message = new Uint8Array(shared, messageAt, messageBytes);
  }

  /** Jobs that were published and are not done. */
  get pending(): number {
    return Atomics.load(this.#words, word.pending);
  }

  /** Whether helpers leave the work to the caller for now. */
  get isAside(): boolean {
    return Atomics.load(this.#words, word.aside) === 1;
  }

  /** The place in the queue of the next job to be published: nothing of an earlier job that had it is read any more once there is room. */
  get place(): number {
    return this.#published % queueLength;
  }

  /** Offers a job to all threads, after those before it. There must be room: `pending` below `queueLength`. */
  publish({ kernel, total, grain, args }: Job): void {
    if (args.length > maxArguments) throw new Error(`a kernel takes at most ${maxArguments} arguments`);
    const at = word.jobs + this.place * jobWords;
    this.#words[at] = kernel;
    this.#words[at + 1] = Math.ceil(total / grain);
    this.#words[at + 2] = grain;
    this.#words[at + 3] = total;
    this.#args.set(args, this.place * maxArguments);
    this.#published++;
    if (Atomics.add(this.#words, word.pending, 1) === 0) this.#begin();
  }

  /** Offers the chunks of the first job that was not begun. Nobody else may be doing so, and none may be under way. */
  #begin(): void {
    const words = this.#words;
    const place = Atomics.add(words, word.begun, 1) & (queueLength - 1);
    Atomics.store(words, word.done, 0);
    Atomics.store(words, word.tickets, words[word.jobs + place * jobWords + 1]); // last: who has one reads the others
    if (Atomics.load(words, word.sleepers) > 0) Atomics.notify(words, word.tickets);
  }

  /** Does a chunk of the current job; false when none is left. */
  #work(functions: readonly ((...args: number[]) => number)[]): boolean {
    const words = this.#words;
    if (Atomics.load(words, word.tickets) <= 0) return false;
    const ticket = Atomics.sub(words, word.tickets, 1);
    if (ticket <= 0) return false;
    const place = (Atomics.load(words, word.begun) - 1) & (queueLength - 1);
    const job = word.jobs + place * jobWords;
    const chunks = words[job + 1];
    const first = (chunks - ticket) * words[job + 2];
    const last = Math.min(first + words[job + 2], words[job + 3]);
    try {
      call(functions[words[job]], first, last, this.#args, place * maxArguments);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    if (Atomics.add(words, word.done, 1) !== chunks - 1) return true;
    if (Atomics.sub(words, word.pending, 1) > 1) this.#begin();
    if (Atomics.load(words, word.callerWaits) === 1) Atomics.notify(words, word.pending);
    return true;
  }

  /**
   * The caller works too, until no more than `most` jobs are pending; throws what went wrong in any job.
   *
   * @param checkHelpers called now and then while there is nothing to do; throws when a helper has gone, whose chunk will never be done.
   */
  workUntil(most: number, functions: readonly ((...args: number[]) => number)[], checkHelpers: () => void): void {
    const isEnough = (): boolean => this.pending <= most;
    if (!isEnough()) {
      const from = performance.now();
      do {
        if (this.#work(functions)) continue;
        const isUp = (): boolean => Atomics.load(this.#words, word.tickets) > 0 || isEnough();
        if (!this.#patience.spinUntil(isUp)) this.#sleepUntil(isUp, checkHelpers);
      } while (!isEnough());
      this.#sendAside(!this.#coreShare.helps(from, performance.now()));
    }
    if (Atomics.compareExchange(this.#words, word.failed, 2, 0) !== 2) return;
    throw new Error(`A kernel failed: ${this.#readMessage()}`);
  }

  /** Blocks the caller while `isAsked`, and makes the helpers wait after the chunks that they have in hand. */
  standStill(isAsked: () => boolean): void {
    const wasAside = this.isAside;
    this.#sendAside(true);
    do Atomics.wait(this.#words, word.stop, 0, checkMillis);
    while (isAsked());
    this.#sendAside(wasAside);
  }

  #sendAside(isAside: boolean): void {
    if (isAside === this.isAside) return;
    Atomics.store(this.#words, word.aside, Number(isAside));
    Atomics.notify(this.#words, word.aside);
  }

  #sleepUntil(isUp: () => boolean, checkHelpers: () => void): void {
    const words = this.#words;
    Atomics.store(words, word.callerWaits, 1);
    let checkAt = performance.now() + checkMillis;
    for (let { pending } = this; !isUp(); { pending } = this) {
      if (mayBlock) Atomics.wait(words, word.pending, pending, 1); // the limit also covers a notification that came just before
      if (performance.now() < checkAt) continue;
      checkHelpers();
      checkAt = performance.now() + checkMillis;
    }
    Atomics.store(words, word.callerWaits, 0);
  }

  /** A helper's life: works, spins a little, sleeps, until told to stop. */
  serve(functions: readonly ((...args: number[]) => number)[]): void {
    const words = this.#words;
    const isUp = (): boolean => Atomics.load(words, word.tickets) > 0;
    const isStopped = (): boolean => Atomics.load(words, word.stop) === 1;
    while (!isStopped()) {
      if (this.isAside) Atomics.wait(words, word.aside, 1);
      if (this.#work(functions) || this.#patience.spinUntil(isUp)) continue;
      Atomics.add(words, word.sleepers, 1);
      const tickets = Atomics.load(words, word.tickets);
      // What changes from here on ends the waiting; a stop before is seen.
      if (tickets <= 0 && !isStopped()) Atomics.wait(words, word.tickets, tickets);
      Atomics.sub(words, word.sleepers, 1);
    }
  }

  /** Makes all helpers leave `serve`. */
  stop(): void {
    Atomics.store(this.#words, word.stop, 1);
    this.#sendAside(false);
    Atomics.sub(this.#words, word.tickets, 1); // who is about to sleep sees that something changed
    Atomics.notify(this.#words, word.tickets);
  }

  #fail(message: string): void {
    if (Atomics.compareExchange(this.#words, word.failed, 0, 1) !== 0) return; // the first one counts
    this.#message.fill(0);
    this.#message.set(new TextEncoder().encode(message).subarray(0, messageBytes));
    Atomics.store(this.#words, word.failed, 2);
  }

  #readMessage(): string {
    const bytes = this.#message.slice(); // decoders refuse shared memory
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
}

/** Written out: spreading an array into a WebAssembly call costs more than many kernels. Surplus arguments are ignored. */
function call(kernel: (...args: number[]) => number, first: number, last: number, a: Float64Array, i: number): void {
  // prettier-ignore
  kernel(first, last, a[i], a[i + 1], a[i + 2], a[i + 3], a[i + 4], a[i + 5], a[i + 6], a[i + 7], a[i + 8], a[i + 9],
    a[i + 10], a[i + 11], a[i + 12], a[i + 13], a[i + 14], a[i + 15], a[i + 16], a[i + 17], a[i + 18], a[i + 19]);
}

/** Some runtimes forbid their main thread to block; it spins instead. */
export const mayBlock = canBlock();

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
