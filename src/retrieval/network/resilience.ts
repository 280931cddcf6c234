/**
 * @file Asking a recommender, or another server that answers texts, that may be slow, busy, broken or gone.
 *
 * Whatever goes wrong becomes a failed outcome of the queries concerned and never an empty ranking: a server that is down must
 * not look like a bad rewrite. Busy and broken servers, lost connections and time-outs are tried again with growing, jittered
 * pauses. After several failed batches in a row nothing is sent for a while, so that a dead server is not waited for in every
 * step. How one batch is asked is the recommender's own file.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailedSearch, Retriever, SearchOutcome } from '../retriever.ts';
import { withoutSecrets } from './credentials.ts';

export interface ResilienceOptions {
  /** How long one request may take, its whole answer included. */
  readonly timeoutMillis?: number;
  /** Tries of one batch, the first included. */
  readonly attempts?: number;
  /** Queries of one request. 1 for a server that cannot answer several. */
  readonly batchSize?: number;
  /** Requests at the same time, over all calls. A batch that waits for its next try counts too: a busy server gets less. */
  readonly concurrency?: number;
  /** Failed batches in a row after which sending stops, and for how long. */
  readonly breakAfter?: number;
  readonly coolDownMillis?: number;
  /** Time and chance, for tests. */
  readonly now?: () => number;
  readonly pause?: (millis: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly random?: () => number;
}

type Settings = Required<ResilienceOptions>;

/** Longest pause between two tries, also when a server asks for more. */
const MAX_PAUSE_MILLIS = 30_000;

type Hits = Exclude<SearchOutcome, FailedSearch>;

/** What a server answers a text with: something of a kind of its own. */
interface Success {
  readonly kind: string;
}

type Outcome<T extends Success> = T | FailedSearch;

/** What a recommender said to one query; one that is `busy` may be asked again. */
export type Answer<T extends Success = Hits> = Outcome<T> | Busy;

interface Busy {
  readonly kind: 'busy';
  readonly message: string;
}

export interface Recommender<T extends Success = Hits> {
  /** Who is asked, for messages; without keys. */
  readonly who: string;
  /**
   * Answers in the order of the queries. The signal ends it at the time-out or when the caller gives up.
   *
   * @throws RequestFailure when the request as a whole could not be answered.
   */
  ask(queries: readonly string[], limit: number, signal: AbortSignal): Promise<readonly Answer<T>[]>;
  /** Texts that no message may show, whoever sends them back. */
  readonly secrets?: readonly string[];
}

/** A request that could not be answered. `retry` says that another try may help, and after how long a server asked for. */
export class RequestFailure extends Error {
  readonly retry: { readonly afterMillis?: number } | undefined;

  constructor(message: string, retry?: { readonly afterMillis?: number }) {
    super(message);
    this.retry = retry;
  }
}

/** The `search` of a retriever over a recommender as it may be met in the wild. Equal queries of one call are sent once. */
export function resilientSearch(recommender: Recommender, options: ResilienceOptions = {}): Retriever['search'] {
  return resilientAnswers(recommender, options);
}

type AskAll<T extends Success> = (
  queries: readonly string[],
  limit: number,
  signal?: AbortSignal,
) => Promise<readonly Outcome<T>[]>;

/** The same for a server that answers with something else than documents. */
export function resilientAnswers<T extends Success>(
  recommender: Recommender<T>,
  options: ResilienceOptions = {},
): AskAll<T> {
  const settings = settingsOf(options);
  const inTurn = limitedTo(settings.concurrency);
  const guarded = circuitOf(recommender, settings);
  return async (queries, limit, signal) => {
    const unique = [...new Set(queries)];
    const batches = batchesOf(unique, settings.batchSize);
    const settled = await Promise.allSettled(batches.map((batch) => inTurn(() => guarded(batch, limit, signal))));
    const outcomes = settled.flatMap((batch) => {
      if (batch.status === 'rejected') throw batch.reason;
      return batch.value;
    });
    const byQuery = new Map(unique.map((query, i) => [query, outcomes[i]]));
    return queries.map((query) => byQuery.get(query)!);
  };
}

function settingsOf(options: ResilienceOptions): Settings {
  return {
    timeoutMillis: options.timeoutMillis ?? 10_000,
    attempts: options.attempts ?? 4,
    batchSize: options.batchSize ?? 32,
    concurrency: options.concurrency ?? 4,
    breakAfter: options.breakAfter ?? 5,
    coolDownMillis: options.coolDownMillis ?? 10_000,
    now: options.now ?? (() => performance.now()),
    pause: options.pause ?? sleepUnlessAborted,
    random: options.random ?? Math.random,
  };
}

async function sleepUnlessAborted(millis: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(millis, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted(); // with the caller's reason, not the timer's
    throw error;
  }
}

/** Half of a surrogate pair, which a model may write, has no UTF-8; it is sent as U+FFFD. */
function batchesOf(queries: readonly string[], size: number): string[][] {
  const batches: string[][] = [];
  for (let i = 0; i < queries.length; i += size) {
    batches.push(queries.slice(i, i + size).map((query) => query.toWellFormed()));
  }
  return batches;
}

/** Runs tasks in their order, at most `concurrency` at a time. */
function limitedTo(concurrency: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running === concurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** Asks while the recommender answers; stops asking for a while after `breakAfter` batches in a row that it did not. */
function circuitOf<T extends Success>(recommender: Recommender<T>, settings: Settings): AskAll<T> {
  const { now, breakAfter, coolDownMillis } = settings;
  let failures = 0;
  let openUntil = -Infinity;
  let lastMessage = '';
  return async (batch, limit, signal) => {
    signal?.throwIfAborted();
    const waitMillis = openUntil - now();
    if (waitMillis > 0) {
      const message = `${recommender.who} failed ${failures} times in a row and is asked again in ${Math.ceil(waitMillis / 1000)} s; the last time ${lastMessage}`;
      return batch.map(() => ({ kind: 'failed', message }));
    }
    const { outcomes, reached } = await askPatiently(recommender, settings, batch, limit, signal);
    failures = reached ? 0 : failures + 1;
    if (failures >= breakAfter) openUntil = now() + coolDownMillis;
    lastMessage = outcomes.flatMap((outcome) => (isFailure(outcome) ? [outcome.message] : [])).at(-1) ?? '';
    return outcomes;
  };
}

interface Asked<T extends Success> {
  readonly outcomes: readonly Outcome<T>[];
  /** Whether the recommender gave a real answer to at least one query. */
  readonly reached: boolean;
}

/** Asks until every query has its outcome or the tries are used up; only what is missing is asked again. */
async function askPatiently<T extends Success>(
  recommender: Recommender<T>,
  { attempts, timeoutMillis, random, pause }: Settings,
  queries: readonly string[],
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Asked<T>> {
  const outcomes = queries.map((): Outcome<T> => ({ kind: 'failed', message: '' }));
  let missing = [...queries.keys()];
  let reached = false;
  for (let attempt = 1; ; attempt++) {
    const asked = await askOnce(recommender, missing.map((i) => queries[i]), limit, timeoutMillis, signal); // prettier-ignore
    const busy: number[] = [];
    asked.answers.forEach((answer, i) => {
      outcomes[missing[i]] = shown(answer, recommender);
      if (answer.kind === 'busy') busy.push(missing[i]);
    });
    reached ||= asked.reached && busy.length < missing.length;
    missing = busy;
    if (missing.length === 0 || attempt === attempts) return { outcomes, reached };
    const backoffMillis = 2 ** attempt * 125 * (1 + random());
    await pause(Math.min(asked.afterMillis ?? backoffMillis, MAX_PAUSE_MILLIS), signal);
  }
}

/** An answer as callers get it. */
function shown<T extends Success>(answer: Answer<T>, { who, secrets = [] }: Recommender<T>): Outcome<T> {
  if (!isFailure(answer)) return answer;
  return { kind: 'failed', message: `${who}: ${withoutSecrets(answer.message, secrets)}` };
}

function isFailure<T extends Success>(answer: Answer<T>): answer is FailedSearch | Busy {
  return answer.kind === 'failed' || answer.kind === 'busy';
}

interface AskedOnce<T extends Success> {
  readonly answers: readonly Answer<T>[];
  readonly reached: boolean;
  readonly afterMillis?: number | undefined;
}

/** One request. Failures become answers here; the caller's wish to stop, and bugs, fly on. */
async function askOnce<T extends Success>(
  recommender: Recommender<T>,
  queries: readonly string[],
  limit: number,
  timeoutMillis: number,
  signal: AbortSignal | undefined,
): Promise<AskedOnce<T>> {
  const timeout = AbortSignal.timeout(timeoutMillis);
  try {
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    return { answers: await recommender.ask(queries, limit, either), reached: true };
  } catch (error) {
    signal?.throwIfAborted();
    const failure = timeout.aborted ? new RequestFailure(`no answer within ${timeoutMillis} ms`, {}) : error;
    if (!(failure instanceof RequestFailure)) throw failure;
    const { message, retry } = failure;
    const answers = queries.map((): Answer<T> => ({ kind: retry ? 'busy' : 'failed', message }));
    return { answers, reached: false, afterMillis: retry?.afterMillis };
  }
}
