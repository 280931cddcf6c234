/**
 * @file The contract between Rec-R1 and a recommender that somebody writes for it, over HTTP or over the standard input and
 * output of a program, and the checks that every ranking from outside passes.
 */
import { describe, isRow } from '../../base/checks.ts';
import type { Hit, SearchOutcome } from '../retriever.ts';
import { RequestFailure } from './resilience.ts';

/** What is asked, as JSON. */
export interface SearchRequest {
  /** Queries as text: 1 to `batchSize` of them, none twice, any Unicode, possibly empty. */
  readonly queries: readonly string[];
  /** How many documents of each query are wanted. */
  readonly limit: number;
}

/** What is answered, as JSON. Further fields are ignored. */
export interface SearchResponse {
  /** One result for each query, in the order of the queries. */
  readonly results: readonly SearchResult[];
}

export type SearchResult =
  | {
      /** Best first, at most `limit` (more are cut off), no document twice. An empty list is a ranking without a hit. */
      readonly hits: readonly {
        /** The id of the document in the task's corpus; a whole number is read as text. */
        readonly id: string | number;
        /** Finite, and never higher than that of the hit before. */
        readonly score: number;
      }[];
      /** What a person should know of this search. */
      readonly note?: string;
    }
  /** This query could not be searched; the others could. It is not asked again. */
  | { readonly error: string };

/** The request as it is sent: one line of JSON. */
export function requestText(queries: readonly string[], limit: number): string {
  return JSON.stringify({ queries, limit } satisfies SearchRequest);
}

/**
 * The outcomes in an answer. A result that breaks the contract fails alone.
 *
 * @throws RequestFailure when the results cannot be told apart.
 */
export function readResponse(body: unknown, count: number, limit: number): SearchOutcome[] {
  const results: unknown = isRow(body) ? body['results'] : undefined;
  if (!Array.isArray(results)) throw new RequestFailure(`the answer has no list "results": ${describe(body)}`);
  if (results.length !== count) {
    throw new RequestFailure(`the answer has ${results.length} results for ${count} queries`);
  }
  return results.map((result: unknown) => readResult(result, limit));
}

function readResult(result: unknown, limit: number): SearchOutcome {
  if (!isRow(result)) return failed(`a result must be an object, got ${describe(result)}`);
  const { error, hits, note } = result;
  if (typeof error === 'string') return failed(error);
  if (!Array.isArray(hits)) return failed('a result needs a list "hits" or a text "error"');
  const outcome = rankingOf(
    hits.map((hit: unknown) => (isRow(hit) ? { id: hit['id'], score: hit['score'] } : { id: hit, score: undefined })),
    limit,
  );
  return outcome.kind === 'hits' && typeof note === 'string' ? { ...outcome, note } : outcome;
}

/** A ranking from outside, or the failure that it is: ids that are missing or repeated, scores that are no numbers or rise. */
export function rankingOf(
  candidates: readonly { readonly id: unknown; readonly score: unknown }[],
  limit: number,
): SearchOutcome {
  const hits: Hit[] = [];
  const seen = new Set<string>();
  for (const { id: given, score } of candidates) {
    const place = `hit ${hits.length + 1}`;
    const id = Number.isSafeInteger(given) ? String(given) : given;
    if (typeof id !== 'string' || id === '') return failed(`${place} needs an "id", got ${describe(given)}`);
    if (!isFiniteNumber(score)) {
      return failed(`${place} (${id}) needs a finite number as "score", got ${describe(score)}`);
    }
    if (seen.has(id)) return failed(`document ${id} is listed twice`);
    const before = hits.at(-1);
    if (before && score > before.score) {
      return failed(`${place} (${id}) scores ${score}, after ${before.score}; hits go best first`);
    }
    seen.add(id);
    hits.push({ id, score });
  }
  return { kind: 'hits', hits: hits.slice(0, limit) };
}

/** Of a broken search; the caller says whose. */
export function failed(message: string): SearchOutcome & { readonly kind: 'failed' } {
  return { kind: 'failed', message };
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
