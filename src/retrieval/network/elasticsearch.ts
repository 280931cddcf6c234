/**
 * @file Elasticsearch or OpenSearch as the black box, through the multi-search API that both have
 * (`POST /INDEX/_msearch`, newline-delimited JSON; Elasticsearch 7 and later, OpenSearch 1 and later).
 *
 * A query goes over named fields, or into a template of the whole search body. What such a server calls success is not yet a
 * ranking: parts may have failed, timed out, or matched no index at all. Those are failures here.
 */
import { compareCodePoints } from '../../base/order.ts';
import { describe, isRow } from '../../base/checks.ts';
import { UserError } from '../../base/errors.ts';
import type { Hit, Retriever } from '../retriever.ts';
import { failed, rankingOf } from './contract.ts';
import { type Access, credentialsOf, type Environment } from './credentials.ts';
import { post, serverAddress, shownAddress } from './post.ts';
import { type Answer, RequestFailure, type ResilienceOptions, resilientSearch } from './resilience.ts';

export const MULTI_MATCH_TYPES = [
  'best_fields',
  'most_fields',
  'cross_fields',
  'phrase',
  'phrase_prefix',
  'bool_prefix',
] as const;

export const SEARCH_TYPES = ['query_then_fetch', 'dfs_query_then_fetch'] as const;

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What is searched: fields with boosts, such as `title^3`, or a body of one's own. */
export type ElasticsearchQuery =
  | { readonly fields: readonly string[]; readonly type?: (typeof MULTI_MATCH_TYPES)[number] }
  | {
      /**
       * The body of a search. `{{query}}` inside a text becomes the query, a text `{{limit}}` the number of hits. Both are put
       * into the parsed JSON, so no query can change its structure. An order of its own (`sort`) is kept.
       */
      readonly template: JsonObject;
    };

interface CommonOptions extends ResilienceOptions, Access {
  readonly kind: 'elasticsearch' | 'opensearch';
  /** Of the server, such as `https://localhost:9200`. */
  readonly url: string;
  /** An index, an alias, or a pattern. */
  readonly index: string;
  /** The field with the document's id in the task's corpus; needs doc values, as keywords and numbers have. Default `_id`. */
  readonly idField?: string;
  /** A field with doc values that orders documents of equal score; without it those within the limit are put in order of id. */
  readonly tieBreaker?: string;
  /** Where word statistics come from: each shard (the server's default) or all of them. */
  readonly searchType?: (typeof SEARCH_TYPES)[number];
}

export type ElasticsearchOptions = CommonOptions & ElasticsearchQuery;

/**
 * Asks always the same copies of the shards. Copies differ in deleted documents and so in word statistics, and a reward
 * must not depend on which one answers.
 */
const PREFERENCE = 'rec-r1';

/**
 * An index of Elasticsearch or OpenSearch.
 *
 * @throws UserError when the options cannot work: see the message.
 */
export function elasticsearchRetriever(
  options: ElasticsearchOptions,
  environment: Environment = process.env,
): Retriever {
  const address = serverAddress(options.url, 'http://localhost:9200').replace(/\/+$/, '');
  const who = `${options.kind}(${shownAddress(address)}/${options.index})`;
  if ('template' in options && !JSON.stringify(options.template).includes('{{query}}')) {
    throw new UserError(`${who}: "template" has no {{query}} in it; put it where the query belongs.`);
  }
  if ('template' in options && 'sort' in options.template && options.tieBreaker !== undefined) {
    throw new UserError(`${who}: the template has a "sort" of its own; put the tie-breaker at its end.`);
  }
  const { headers, secrets } = credentialsOf(options, who, environment);
  const url = `${address}/${encodeURIComponent(options.index)}/_msearch`;
  const search = resilientSearch(
    {
      who,
      secrets,
      ask: async (queries, limit, signal) => {
        const body = queries.map((query) => searchLines(query, limit, options)).join('');
        const answer = await post(url, { 'content-type': 'application/x-ndjson', ...headers }, body, secrets, signal);
        return readResponses(answer, queries.length).map((response) => answerOf(response, limit, options));
      },
    },
    options,
  );
  return { name: who, search };
}

/** Header and body of one search, a line each. */
function searchLines(query: string, limit: number, options: ElasticsearchOptions): string {
  const { idField, tieBreaker, searchType } = options;
  const header = { preference: PREFERENCE, ...(searchType && { search_type: searchType }) };
  const body = {
    ...queryBody(query, limit, options),
    size: limit,
    _source: false,
    track_total_hits: false,
    ...(idField !== undefined && { docvalue_fields: [idField] }),
    ...(tieBreaker !== undefined && { sort: [{ _score: 'desc' }, { [tieBreaker]: 'asc' }], track_scores: true }),
  };
  return `${JSON.stringify(header)}\n${JSON.stringify(body)}\n`;
}

function queryBody(query: string, limit: number, options: ElasticsearchOptions): JsonObject {
  if ('template' in options) return filled(options.template, query, limit) as JsonObject;
  return { query: { multi_match: { query, fields: options.fields, type: options.type ?? 'best_fields' } } };
}

/** The template with query and limit in their places. */
function filled(value: Json, query: string, limit: number): Json {
  if (value === '{{limit}}') return limit;
  if (typeof value === 'string') return value.replaceAll('{{query}}', () => query);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => filled(item, query, limit));
  if (!isRow(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, query, limit)]));
}

function readResponses(answer: unknown, count: number): readonly unknown[] {
  const responses: unknown = isRow(answer) ? answer['responses'] : undefined;
  if (Array.isArray(responses) && responses.length === count) return responses;
  throw new RequestFailure(`the answer needs a list "responses" of ${count}, got ${describe(answer)}`);
}

/** The ranking in one response, if it is whole. What may be better next time is `busy`. */
function answerOf(response: unknown, limit: number, options: ElasticsearchOptions): Answer {
  if (!isRow(response)) return failed(`a response must be an object, got ${describe(response)}`);
  const problem = problemOf(response);
  if (problem) return problem;
  const hits: unknown = isRow(response['hits']) ? response['hits']['hits'] : undefined;
  if (!Array.isArray(hits)) return failed(`a response has no list "hits.hits": ${describe(response)}`);
  const ownOrder = 'template' in options && 'sort' in options.template;
  const candidates = hits.map((hit: unknown, i) => ({
    id: idOf(hit, options.idField),
    // A template's own order has no scores; later hits still need lower ones.
    score: ownOrder ? 1 / (i + 1) : isRow(hit) ? hit['_score'] : undefined,
  }));
  const outcome = rankingOf(candidates, limit);
  if (outcome.kind === 'failed' || ownOrder || options.tieBreaker !== undefined) return outcome;
  return { ...outcome, hits: outcome.hits.toSorted(byScoreThenId) };
}

function problemOf(response: Readonly<Record<string, unknown>>): Answer | undefined {
  const { error, status, timed_out: timedOut, _shards: shards, _clusters: clusters } = response;
  if (error !== undefined) {
    const mayPass = status === 429 || (typeof status === 'number' && status >= 500);
    return { kind: mayPass ? 'busy' : 'failed', message: reasonOf(error) };
  }
  if (timedOut !== false) return { kind: 'busy', message: 'the search timed out on the server before it was complete' };
  if (!isRow(shards)) return failed('a response does not say which shards answered ("_shards")');
  if (shards['failed'] !== 0) {
    const failures: unknown = shards['failures'];
    const reason = Array.isArray(failures) && isRow(failures[0]) ? `: ${reasonOf(failures[0]['reason'])}` : '';
    return {
      kind: 'busy',
      message: `${describe(shards['failed'])} of ${describe(shards['total'])} shards failed${reason}`,
    };
  }
  if (shards['total'] === 0) return failed('no index matches; look at "index"');
  if (isRow(clusters) && clusters['successful'] !== clusters['total']) {
    return {
      kind: 'busy',
      message: `${describe(clusters['successful'])} of ${describe(clusters['total'])} clusters answered`,
    };
  }
  return undefined;
}

/** The innermost reason of an error object; "all shards failed" alone helps nobody. */
function reasonOf(error: unknown): string {
  if (!isRow(error)) return typeof error === 'string' ? error.slice(0, 200) : describe(error);
  const rootCause: unknown = Array.isArray(error['root_cause']) ? error['root_cause'][0] : undefined;
  const { type, reason } = isRow(rootCause) ? rootCause : error;
  return [type, reason]
    .filter((text) => typeof text === 'string')
    .join(': ')
    .slice(0, 200);
}

function idOf(hit: unknown, idField: string | undefined): unknown {
  if (!isRow(hit) || idField === undefined) return isRow(hit) ? hit['_id'] : undefined;
  const fields = hit['fields'];
  const values: unknown = isRow(fields) ? fields[idField] : undefined;
  return Array.isArray(values) && values.length === 1 ? (values[0] as unknown) : values;
}

function byScoreThenId(a: Hit, b: Hit): number {
  return b.score - a.score || compareCodePoints(a.id, b.id);
}
