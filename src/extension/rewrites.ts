/**
 * @file Rewrites as an editor wants them: it asks for each visible query by itself, again at every edit, and cancels. Questions
 * that come together go to the worker together, and what was answered is remembered. Knows nothing of the editor.
 */
import type { RewriteAnswer } from '../app/rewrite-answer.ts';
import { BoundedCache } from '../base/bounded-cache.ts';
import type { Questions } from '../worker/protocol.ts';

/** A checkpoint of a run. */
export interface NamedCheckpoint {
  readonly runDir: string;
  readonly checkpoint: string;
}

export interface WantedRewrite extends NamedCheckpoint {
  readonly query: string;
  /** Greedy when left out, otherwise another draw for each number. */
  readonly sample?: number;
}

type AskWorker = (ask: Questions['rewrite']['ask'], signal: AbortSignal) => Promise<readonly RewriteAnswer[]>;

/** Questions that come within this time go together: an editor asks for all visible lines in a row. */
const GATHER_MILLIS = 4;
/** Queries that are decoded together: more would keep the first of them waiting. */
const BATCH = 8;
const REMEMBERED = 5000;
/** The worker ends a little later when nobody asks, and a checkpoint that was asked within this time is open still. */
const OPEN_MILLIS = 4 * 60_000;
/** What a checkpoint is asked so that all is loaded that an answer takes. */
const ANY_QUERY = 'anything';

interface Waiter {
  readonly wanted: WantedRewrite;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: RewriteAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

export class Rewrites {
  readonly #ask: AskWorker;
  readonly #answers = new BoundedCache<RewriteAnswer>(REMEMBERED);
  #waiting: Waiter[] = [];
  #isAsking = false;
  /** When each checkpoint was asked last, in milliseconds since the start of the process. */
  readonly #askedAt = new Map<string, number>();

  constructor(ask: AskWorker) {
    this.#ask = ask;
  }

  /** Asks unless it is known. A question whose signal is aborted before its turn is never asked. */
  async get(wanted: WantedRewrite, signal?: AbortSignal): Promise<RewriteAnswer> {
    signal?.throwIfAborted();
    return this.#answers.get(keyOf(wanted)) ?? this.#askFor(wanted, signal);
  }

  /**
   * Lets the worker open a checkpoint that somebody is likely to ask next, so that the first answer comes as fast as the others.
   * It waits its turn as any question, and does nothing where the checkpoint is open.
   */
  async prepare({ runDir, checkpoint }: NamedCheckpoint): Promise<void> {
    const askedAt = this.#askedAt.get(JSON.stringify([runDir, checkpoint])) ?? -Infinity;
    if (performance.now() - askedAt > OPEN_MILLIS) await this.#askFor({ runDir, checkpoint, query: ANY_QUERY });
  }

  #askFor(wanted: WantedRewrite, signal?: AbortSignal): Promise<RewriteAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wanted, signal, resolve, reject });
      if (this.#isAsking) return;
      this.#isAsking = true;
      setTimeout(() => void this.#answerAll(), GATHER_MILLIS);
    });
  }

  async #answerAll(): Promise<void> {
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) await this.#answer(batch);
    this.#isAsking = false;
  }

  /** Those that wait longest and can be asked in one question. */
  #takeBatch(): Waiter[] {
    const cancelled = this.#waiting.filter(({ signal }) => signal?.aborted);
    for (const { reject, signal } of cancelled) reject(signal?.reason);
    const waiting = this.#waiting.filter(({ signal }) => !signal?.aborted);
    const batch = waiting.filter(({ wanted }) => together(wanted, waiting[0].wanted)).slice(0, BATCH);
    this.#waiting = waiting.filter((waiter) => !batch.includes(waiter));
    return batch;
  }

  async #answer(batch: readonly Waiter[]): Promise<void> {
    const { runDir, checkpoint, sample } = batch[0].wanted;
    this.#askedAt.set(JSON.stringify([runDir, checkpoint]), performance.now());
    const queries = [...new Set(batch.map(({ wanted }) => wanted.query))];
    const ask = { runDir, checkpoint, queries, ...(sample !== undefined && { sample }) };
    try {
      const answers = new Map<string, RewriteAnswer>();
      for (const answer of await this.#ask(ask, allAborted(batch))) answers.set(answer.query, answer);
      for (const { wanted, resolve } of batch) {
        const answer = answers.get(wanted.query)!;
        this.#answers.set(keyOf(wanted), answer);
        resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function keyOf({ runDir, checkpoint, query, sample }: WantedRewrite): string {
  return JSON.stringify([runDir, checkpoint, query, sample]);
}

function together(a: WantedRewrite, b: WantedRewrite): boolean {
  return a.runDir === b.runDir && a.checkpoint === b.checkpoint && a.sample === b.sample;
}

/** Aborted once nobody waits any more. */
function allAborted(batch: readonly Waiter[]): AbortSignal {
  const controller = new AbortController();
  const check = (): void => {
    if (batch.every(({ signal }) => signal?.aborted)) controller.abort();
  };
  for (const { signal } of batch) signal?.addEventListener('abort', check, { once: true });
  return controller.signal;
}
