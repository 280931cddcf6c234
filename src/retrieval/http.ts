/**
 * @file Any recommender as the black box, over HTTP. The contract:
 *
 *     POST URL   {"queries": ["…", …], "limit": 100}
 *     200        {"results": [{"hits": [{"id": "…", "score": 1.5}, …]} | {"error": "…"}, …]}
 *
 * One result per query in the order of the queries, hits best first, no document twice. Whatever goes wrong is a failed
 * outcome of the queries concerned and never an empty ranking: a server that is down must not look like a bad rewrite.
 *
 * Busy (429) and broken (5xx) servers, lost connections and time-outs are tried again with growing, jittered pauses. After
 * several failed batches in a row nothing is sent for a while, so that a dead server is not waited for in every step.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import type { Hit, Retriever, SearchOutcome } from './retriever.ts';

export interface HttpRetrieverOptions {
  readonly url: string;
  /** Sent as `Authorization: Bearer`; from the environment or a secret store, never from a file that is committed. */
  readonly token?: string;
  readonly timeoutMillis?: number;
  /** Tries of one batch, the first included. */
  readonly attempts?: number;
  /** Queries of one request. */
  readonly batchSize?: number;
  /** Requests at the same time. */
  readonly concurrency?: number;
  /** Failed batches in a row after which sending stops, and for how long. */
  readonly breakAfter?: number;
  readonly coolDownMillis?: number;
  /** Time and chance, for tests. */
  readonly now?: () => number;
  readonly pause?: (millis: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly random?: () => number;
}

const DEFAULTS = {
  timeoutMillis: 10_000,
  attempts: 4,
  batchSize: 32,
  concurrency: 4,
  breakAfter: 5,
  coolDownMillis: 30_000,
  now: () => performance.now(),
  pause: async (millis: number, signal: AbortSignal | undefined) => {
    await sleep(millis, undefined, { signal });
  },
  random: Math.random,
} as const satisfies Partial<HttpRetrieverOptions>;

type Settings = Required<Omit<HttpRetrieverOptions, 'token'>> & Pick<HttpRetrieverOptions, 'token'>;

/** Longest pause between two tries, also when a server asks for more. */
const MAX_PAUSE_MILLIS = 30_000;

/** A recommender behind the contract above. Equal queries of one call are sent once. */
export function httpRetriever(options: HttpRetrieverOptions): Retriever {
  const settings: Settings = { ...DEFAULTS, ...options };
  const circuit = new Circuit(settings);
  return {
    name: `http(${settings.url})`,
    search: async (queries, limit, signal) => {
      const unique = [...new Set(queries)];
      const batches: string[][] = [];
      for (let i = 0; i < unique.length; i += settings.batchSize) batches.push(unique.slice(i, i + settings.batchSize));
      const answers = await mapConcurrently(batches, settings.concurrency, (batch) =>
        circuit.run(batch.length, () => searchBatch(batch, limit, settings, signal)),
      );
      const outcomes = new Map(unique.map((query, i) => [query, answers.flat()[i]]));
      return queries.map((query) => outcomes.get(query)!);
    },
  };
}

/** A batch that could not be answered. `retry` tells whether another try may help, and after how long a server asked for. */
class BatchFailure extends Error {
  readonly retry: { readonly afterMillis?: number } | undefined;

  constructor(message: string, retry?: { readonly afterMillis?: number }) {
    super(message);
    this.retry = retry;
  }
}

/** Stops asking a server that has failed several times in a row. */
class Circuit {
  readonly #settings: Settings;
  #failures = 0;
  #openUntil = -Infinity;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The outcomes of a batch of `size` queries; failures become outcomes here. */
  async run(size: number, batch: () => Promise<SearchOutcome[]>): Promise<SearchOutcome[]> {
    const { now, url, breakAfter, coolDownMillis } = this.#settings;
    const failed = (message: string): SearchOutcome[] =>
      Array.from({ length: size }, () => ({ kind: 'failed', message }));
    const waitMillis = this.#openUntil - now();
    if (waitMillis > 0) {
      return failed(
        `${url} failed ${this.#failures} times in a row and is asked again in ${Math.ceil(waitMillis / 1000)} s`,
      );
    }
    try {
      const outcomes = await batch();
      this.#failures = 0;
      return outcomes;
    } catch (error) {
      if (!(error instanceof BatchFailure)) throw error;
      this.#failures++;
      if (this.#failures >= breakAfter) this.#openUntil = now() + coolDownMillis;
      return failed(error.message);
    }
  }
}

async function searchBatch(
  queries: readonly string[],
  limit: number,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<SearchOutcome[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request(queries, limit, settings, signal);
    } catch (error) {
      if (!(error instanceof BatchFailure) || !error.retry || attempt === settings.attempts) throw error;
      const backoff = 2 ** attempt * 125 * (1 + settings.random());
      await settings.pause(Math.min(error.retry.afterMillis ?? backoff, MAX_PAUSE_MILLIS), signal);
    }
  }
}

async function request(
  queries: readonly string[],
  limit: number,
  { url, token, timeoutMillis }: Settings,
  signal: AbortSignal | undefined,
): Promise<SearchOutcome[]> {
  const timeout = AbortSignal.timeout(timeoutMillis);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ queries, limit }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer within ${timeoutMillis} ms` : reasonOf(error);
    throw new BatchFailure(`${url}: ${reason}`, {});
  }
  if (!response.ok) throw statusFailure(url, response);
  return readResults(
    text,
    queries.length,
    limit,
    `${url} (${response.headers.get('content-type') ?? 'no content type'})`,
  );
}

/** fetch hides the reason, such as a refused connection, in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? `${messageOf(error)}: ${cause.message || cause.name}` : messageOf(error);
}

function statusFailure(url: string, { status, headers }: Response): BatchFailure {
  const message = `${url} answered with status ${status}`;
  if (status !== 429 && status < 500) return new BatchFailure(message);
  const seconds = Number(headers.get('retry-after') ?? NaN);
  return new BatchFailure(message, Number.isNaN(seconds) ? {} : { afterMillis: seconds * 1000 });
}

function readResults(text: string, count: number, limit: number, from: string): SearchOutcome[] {
  const broken = (what: string): BatchFailure =>
    new BatchFailure(`${from}: ${what}; it began ${JSON.stringify(text.slice(0, 60))}`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw broken('the answer is not JSON');
  }
  const results: unknown = isRecord(body) ? body['results'] : undefined;
  if (!Array.isArray(results) || results.length !== count) throw broken(`"results" must be a list of ${count}`);
  return results.map((result: unknown) => outcomeOf(result, limit, from));
}

function outcomeOf(result: unknown, limit: number, from: string): SearchOutcome {
  const failed = (what: string): SearchOutcome => ({ kind: 'failed', message: `${from}: ${what}` });
  if (!isRecord(result)) return failed('a result must be an object');
  if (typeof result['error'] === 'string') return failed(result['error']);
  const hits = result['hits'];
  if (!Array.isArray(hits)) return failed('a result needs "hits" or "error"');
  if (!hits.every(isHit)) return failed('each hit needs a text "id" and a finite number "score"');
  if (new Set(hits.map(({ id }) => id)).size < hits.length) return failed('a document is listed twice');
  return { kind: 'hits', hits: hits.slice(0, limit).map(({ id, score }) => ({ id, score })) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHit(value: unknown): value is Hit {
  return isRecord(value) && typeof value['id'] === 'string' && Number.isFinite(value['score']);
}

/** Maps in order, at most `concurrency` at a time. The first error is thrown when the running ones have ended. */
async function mapConcurrently<T, R>(
  items: readonly T[],
  concurrency: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const place = next++;
      results[place] = await map(items[place]);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(concurrency, items.length) }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  return results;
}
