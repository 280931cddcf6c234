/**
 * @file No real Elasticsearch or OpenSearch was there: no package registry carries either server. These are exchanges with a
 * strict local server that parses what is sent as the documentation demands (newline-delimited JSON, a header and a body for
 * each search, a line feed at the end) and replays answers in the documented formats:
 *
 * - OpenSearch documentation, `_api-reference/multi-search.md`: the example response, shortened by hits and their sources.
 * - Elasticsearch reference, "Multi search API", and its REST tests `msearch/10_basic.yml` (a missing index) and
 *   `msearch/50_circuit_breaker.yml` (429 inside a response of status 200); OpenSearch's `msearch/10_basic.yml` is the same.
 * - elastic/elasticsearch#23059: part of the shards failed, in an answer of status 200.
 * - Elasticsearch reference, "docvalue_fields" (fields as lists) and "Search across clusters" (`_clusters`).
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { type ElasticsearchOptions, elasticsearchRetriever } from '../../../../src/retrieval/network/elasticsearch.ts';
import type { Retriever, SearchOutcome } from '../../../../src/retrieval/retriever.ts';
import { type Received, serveLoopback } from '../../../fixtures/loopback-server.ts';

type Row = Readonly<Record<string, unknown>>;

interface Search {
  readonly header: Row;
  readonly body: Row;
}

const TOOK = { took: 3, timed_out: false };
const SHARDS = { total: 1, successful: 1, skipped: 0, failed: 0 };

/** A response as documented, with these documents. */
function found(...hits: readonly (readonly [id: string, score: number | null, fields?: Row])[]): Row {
  const list = hits.map(([_id, _score, fields]) => ({ _index: 'products', _id, _score, ...(fields && { fields }) }));
  return { ...TOOK, _shards: SHARDS, hits: { max_score: hits[0]?.[1] ?? null, hits: list }, status: 200 };
}

const MISSING_INDEX = {
  error: {
    root_cause: [{ type: 'index_not_found_exception', reason: 'no such index [index_3]', index: 'index_3' }],
    type: 'index_not_found_exception',
    reason: 'no such index [index_3]',
  },
  status: 404,
};

const BREAKER = {
  error: {
    root_cause: [],
    type: 'circuit_breaking_exception',
    reason: '[request] Data too large, data for [msearch] would be [65024/63.5kb]',
  },
  status: 429,
};

const REJECTED_SHARDS = {
  ...found(['a', 1]),
  _shards: {
    total: 64,
    successful: 27,
    failed: 37,
    failures: [{ shard: 1, index: 'data', reason: { type: 'es_rejected_execution_exception', reason: 'queue full' } }],
  },
};

/** The searches of a request, read as strictly as the documentation lets a server. */
function searchesOf({ path, headers, body }: Received): Search[] {
  assert.match(path, /^POST \/[^/]+\/_msearch$/);
  assert.equal(headers['content-type'], 'application/x-ndjson');
  assert.ok(body.endsWith('\n'), 'the last line must end with a line feed');
  const lines = body.slice(0, -1).split('\n');
  assert.equal(lines.length % 2, 0, 'a header and a body for each search');
  const rows = lines.map((line) => JSON.parse(line) as Row);
  return rows.flatMap((header, i) => (i % 2 === 0 ? [{ header, body: rows[i + 1] }] : []));
}

interface Served {
  readonly retriever: Retriever;
  readonly searches: Search[][];
  readonly received: readonly Received[];
}

const FIELDS = { fields: ['title^3', 'text'] };

/** A server that answers each search with a response, and the retriever that asks it. */
async function serve(
  test: TestContext,
  respond: (search: Search, request: number) => unknown,
  options: Partial<ElasticsearchOptions> = FIELDS,
): Promise<Served> {
  const searches: Search[][] = [];
  const { url, received } = await serveLoopback(test, (request, response: ServerResponse, count) => {
    const asked = searchesOf(request);
    searches.push(asked);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ took: 5, responses: asked.map((search) => respond(search, count)) }));
  });
  const given = {
    kind: 'elasticsearch',
    url,
    index: 'products',
    attempts: 2,
    pause: () => Promise.resolve(),
    ...options,
  };
  const environment = { KEY: 'c2VjcmV0LWtleQ==', LOGIN: 'elastic:hünter2' };
  return { retriever: elasticsearchRetriever(given as ElasticsearchOptions, environment), searches, received };
}

async function outcomeOf(test: TestContext, response: unknown): Promise<SearchOutcome> {
  const { retriever } = await serve(test, () => response);
  const [outcome] = await retriever.search(['a'], 10);
  return outcome;
}

describe('elasticsearchRetriever', () => {
  it('searches fields with boosts, and asks for ids and scores only', async (test) => {
    const { retriever, searches, received } = await serve(test, () => found(['b', 2], ['a', 1]), {
      fields: ['title^3', 'text'],
      type: 'cross_fields',
      searchType: 'dfs_query_then_fetch',
      index: 'shop products,books*',
    });
    const outcomes = await retriever.search(['red "shoes"\n', 'hat'], 50);
    assert.equal(received[0].path, 'POST /shop%20products%2Cbooks*/_msearch');
    const [first] = searches[0];
    assert.deepEqual(first.header, { preference: 'rec-r1', search_type: 'dfs_query_then_fetch' });
    assert.deepEqual(first.body, {
      query: { multi_match: { query: 'red "shoes"\n', fields: ['title^3', 'text'], type: 'cross_fields' } },
      size: 50,
      _source: false,
      track_total_hits: false,
    });
    assert.equal(searches[0].length, 2);
    assert.deepEqual(outcomes[1], { kind: 'hits', hits: [{ id: 'b', score: 2 }, { id: 'a', score: 1 }] }); // prettier-ignore
  });

  it('fills a template inside its JSON, so that no query gets out of its place', async (test) => {
    const template = {
      query: { bool: { must: [{ query_string: { query: 'title:({{query}})' } }], filter: { term: { live: true } } } },
      knn: { k: '{{limit}}', query_vector_builder: { text_embedding: { model_text: '{{query}}' } } },
      size: 3,
    };
    const { retriever, searches } = await serve(test, () => found(), { template });
    const hostile = `$& $1 "}}, "size": 0, {{query}} {{limit}} \\ '`;
    await retriever.search([hostile], 10);
    assert.deepEqual(searches[0][0].body, {
      query: { bool: { must: [{ query_string: { query: `title:(${hostile})` } }], filter: { term: { live: true } } } },
      knn: { k: 10, query_vector_builder: { text_embedding: { model_text: hostile } } },
      size: 10,
      _source: false,
      track_total_hits: false,
    });
  });

  it('keeps the order that a template asks for', async (test) => {
    const template = { query: { match: { text: '{{query}}' } }, sort: [{ sales: 'desc' }] };
    const { retriever } = await serve(test, () => found(['z', null], ['a', null]), { template });
    const [outcome] = await retriever.search(['x'], 10);
    assert.deepEqual(outcome, { kind: 'hits', hits: [{ id: 'z', score: 1 }, { id: 'a', score: 0.5 }] }); // prettier-ignore
  });

  it('takes the id from a field, and puts equal scores in order', async (test) => {
    const response = found(['1', 2, { sku: ['b'] }], ['2', 2, { sku: ['a'] }], ['3', 1, { sku: [12] }]);
    const { retriever, searches } = await serve(test, () => response, { ...FIELDS, idField: 'sku' });
    const [outcome] = await retriever.search(['x'], 10);
    assert.deepEqual(searches[0][0].body['docvalue_fields'], ['sku']);
    assert.equal(outcome.kind, 'hits');
    assert.deepEqual('hits' in outcome && outcome.hits.map(({ id }) => id), ['a', 'b', '12']);

    const ties = await serve(test, () => response, { ...FIELDS, idField: 'sku', tieBreaker: 'rank' });
    const [inServersOrder] = await ties.retriever.search(['x'], 10);
    assert.deepEqual(ties.searches[0][0].body['sort'], [{ _score: 'desc' }, { rank: 'asc' }]);
    assert.deepEqual('hits' in inServersOrder && inServersOrder.hits.map(({ id }) => id), ['b', 'a', '12']);
  });

  it('says when the id field is not there', async (test) => {
    for (const fields of [undefined, { sku: ['a', 'b'] }]) {
      const { retriever } = await serve(test, () => found(['1', 2, fields]), { ...FIELDS, idField: 'sku' });
      const [outcome] = await retriever.search(['x'], 10);
      assert.match('message' in outcome ? outcome.message : '', /hit 1 needs an "id", got/);
    }
  });

  it('takes no hit for a ranking, and a broken search for none', async (test) => {
    assert.deepEqual(await outcomeOf(test, found()), { kind: 'hits', hits: [] });
    const cases: readonly [response: unknown, message: RegExp][] = [
      [MISSING_INDEX, /\/products\): index_not_found_exception: no such index \[index_3\]$/],
      [{ ...found(['a', 1]), timed_out: true }, /timed out on the server before it was complete/],
      [REJECTED_SHARDS, /37 of 64 shards failed: es_rejected_execution_exception: queue full/],
      [
        { ...found(), _shards: { total: 0, successful: 0, skipped: 0, failed: 0 } },
        /no index matches; look at "index"/,
      ],
      [{ ...found(), _clusters: { total: 3, successful: 2, skipped: 1 } }, /2 of 3 clusters answered/],
      [
        { error: 'SearchPhaseExecutionException[all shards failed]', status: 400 },
        /\): SearchPhaseExecutionException\[/,
      ],
      [found(['a', null]), /hit 1 \(a\) needs a finite number as "score", got null/],
      [{ ...TOOK, _shards: SHARDS }, /no list "hits\.hits"/],
      [{ hits: { hits: [] }, timed_out: false }, /does not say which shards answered/],
      ['ok', /a response must be an object/],
    ];
    for (const [response, message] of cases) {
      const outcome = await outcomeOf(test, response);
      assert.match(outcome.kind === 'failed' ? outcome.message : 'hits', message);
    }
  });

  it('asks again for what was busy, and only for that', async (test) => {
    const respond = ({ body }: Search, request: number): unknown =>
      request === 1 && JSON.stringify(body).includes('hat') ? BREAKER : found(['a', 1]);
    const { retriever, searches } = await serve(test, respond);
    const outcomes = await retriever.search(['shoe', 'hat', 'coat'], 10);
    assert.deepEqual(outcomes.map(({ kind }) => kind), ['hits', 'hits', 'hits']); // prettier-ignore
    assert.deepEqual(searches.map((asked) => asked.length), [3, 1]); // prettier-ignore
    assert.match(JSON.stringify(searches[1]), /hat/);
  });

  it('gives a busy search up after its tries', async (test) => {
    const { retriever, searches } = await serve(test, () => BREAKER);
    const [outcome] = await retriever.search(['x'], 10);
    assert.match('message' in outcome ? outcome.message : '', /circuit_breaking_exception: \[request\] Data too large/);
    assert.equal(searches.length, 2);
  });

  it('logs in with an API key, a bearer token or a password, which no name or message shows', async (test) => {
    const schemes = [
      [{ apiKey: 'KEY' }, 'ApiKey c2VjcmV0LWtleQ=='],
      [{ bearer: 'KEY' }, 'Bearer c2VjcmV0LWtleQ=='],
      [{ basic: 'LOGIN' }, `Basic ${Buffer.from('elastic:hünter2').toString('base64')}`],
    ] as const;
    for (const [auth, header] of schemes) {
      const echo = ({ error: { type: 'security_exception', reason: `${header} elastic:hünter2 hünter2` }, status: 403 }); // prettier-ignore
      const { retriever, received } = await serve(test, () => echo, { ...FIELDS, auth });
      const [outcome] = await retriever.search(['x'], 10);
      assert.equal(received[0].headers.authorization, header);
      const shown = JSON.stringify([retriever.name, outcome]);
      assert.match(shown, /security_exception/);
      assert.ok(!shown.includes(header.split(' ')[1]), shown);
      if ('basic' in auth) assert.doesNotMatch(shown, /hünter2/);
    }
  });

  it('refuses what cannot work before anything is sent', () => {
    const open = (options: object, environment = {}) => () =>
      elasticsearchRetriever({ kind: 'opensearch', url: 'http://a', index: 'i', ...options } as ElasticsearchOptions, environment); // prettier-ignore
    assert.throws(open({ template: { query: { match_all: {} } } }), /opensearch\(http:\/\/a\/i\): "template" has no \{\{query\}\}/); // prettier-ignore
    const sorted = { template: { query: { match: { text: '{{query}}' } }, sort: ['price'] }, tieBreaker: 'sku' };
    assert.throws(open(sorted), /the template has a "sort" of its own; put the tie-breaker at its end/);
    assert.throws(open({ ...FIELDS, url: 'https://elastic:pw@a' }), /holds a user name or password/);
    assert.throws(open({ ...FIELDS, auth: { basic: 'LOGIN' } }, { LOGIN: 'elastic' }), /LOGIN must hold user:password/);
  });
});
