import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { type HttpRetrieverOptions, httpRetriever } from '../../../src/retrieval/http.ts';
import type { Retriever, SearchOutcome } from '../../../src/retrieval/retriever.ts';

interface Asked {
  readonly queries: readonly string[];
  readonly limit: number;
}

interface Served {
  readonly retriever: Retriever;
  readonly asked: Asked[];
  readonly pauses: number[];
  readonly headers: IncomingMessage['headers'][];
}

type Answer = (asked: Asked, response: ServerResponse, count: number) => void;

/** A real server on this machine; pauses between tries are only written down. */
async function serve(test: TestContext, answer: Answer, options: Partial<HttpRetrieverOptions> = {}): Promise<Served> {
  const [asked, pauses, headers]: [Asked[], number[], IncomingMessage['headers'][]] = [[], [], []];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      asked.push(body as Asked);
      headers.push(request.headers);
      answer(body as Asked, response, asked.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const pause = (millis: number): Promise<void> => {
    pauses.push(millis);
    return Promise.resolve();
  };
  const retriever = httpRetriever({ url: `http://127.0.0.1:${port}/search`, pause, random: () => 0, ...options });
  return { retriever, asked, pauses, headers };
}

const found: Answer = ({ queries }, response) => {
  response.end(JSON.stringify({ results: queries.map((query) => ({ hits: [{ id: query, score: 2 }, { id: 'x', score: 1 }] })) })); // prettier-ignore
};

function messages(outcomes: readonly SearchOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.message : 'hits'));
}

describe('httpRetriever', () => {
  it('sends batches, each equal query once, and answers in the order of the queries', async (test) => {
    const { retriever, asked, headers } = await serve(test, found, { batchSize: 2, token: 'secret' });
    const outcomes = await retriever.search(['a', 'b', 'a', 'c'], 1);
    assert.deepEqual(outcomes, ['a', 'b', 'a', 'c'].map((id) => ({ kind: 'hits', hits: [{ id, score: 2 }] }))); // prettier-ignore
    assert.deepEqual(asked.map(({ queries }) => queries).sort(), [['a', 'b'], ['c']]); // prettier-ignore
    assert.equal(asked[0].limit, 1);
    assert.equal(headers[0].authorization, 'Bearer secret');
  });

  it('tries a busy or broken server again, with growing pauses or the one it asks for', async (test) => {
    const { retriever, pauses } = await serve(test, (asked, response, count) => {
      if (count === 4) found(asked, response, count);
      else response.writeHead(count === 2 ? 429 : 503, count === 2 ? { 'retry-after': '7' } : {}).end('busy');
    });
    assert.deepEqual(messages(await retriever.search(['a'], 1)), ['hits']);
    assert.deepEqual(pauses, [250, 7000, 1000]);
  });

  it('gives up after its tries, and at once where trying again is no use', async (test) => {
    const broken = await serve(test, (_, response) => response.writeHead(500).end());
    assert.match(messages(await broken.retriever.search(['a'], 1))[0], /answered with status 500/);
    assert.equal(broken.asked.length, 4);
    const forbidden = await serve(test, (_, response) => response.writeHead(403).end());
    assert.match(messages(await forbidden.retriever.search(['a'], 1))[0], /answered with status 403/);
    assert.equal(forbidden.asked.length, 1);
  });

  it('never takes HTML, a wrong shape, NaN or a repeated document for a ranking', async (test) => {
    const cases: readonly [body: string, message: RegExp][] = [
      ['<html>', /not JSON; it began "<html>"/],
      ['[]', /"results" must be a list of 1/],
      ['{"results":[]}', /"results" must be a list of 1/],
      ['{"results":[{}]}', /needs "hits" or "error"/],
      ['{"results":[{"hits":[{"id":"a","score":null}]}]}', /finite number "score"/],
      ['{"results":[{"hits":[{"id":1,"score":1}]}]}', /text "id"/],
      ['{"results":[{"hits":[{"id":"a","score":1},{"id":"a","score":0}]}]}', /listed twice/],
      ['{"results":[{"error":"index is being built"}]}', /index is being built/],
    ];
    for (const [body, message] of cases) {
      const { retriever } = await serve(test, (_, response) => response.end(body));
      assert.match(messages(await retriever.search(['a'], 1))[0], message);
    }
  });

  it('fails when nobody listens or nobody answers', async (test) => {
    const silent = await serve(test, () => undefined, { timeoutMillis: 50, attempts: 1 });
    assert.match(messages(await silent.retriever.search(['a'], 1))[0], /no answer within 50 ms/);
    const nobody = httpRetriever({ url: 'http://127.0.0.1:9/', attempts: 1 });
    assert.match(messages(await nobody.search(['a'], 1))[0], /http:\/\/127\.0\.0\.1:9\/: /);
  });

  it('stops asking a dead server for a while, then asks again', async (test) => {
    let now = 0;
    let alive = false;
    const { retriever, asked } = await serve(
      test,
      (body, response, count) => {
        if (alive) found(body, response, count);
        else response.writeHead(500).end();
      },
      { attempts: 1, breakAfter: 2, coolDownMillis: 1000, concurrency: 1, batchSize: 1, now: () => now },
    );
    const outcomes = await retriever.search(['a', 'b', 'c'], 1);
    assert.equal(asked.length, 2);
    assert.match(messages(outcomes)[2], /failed 2 times in a row and is asked again in 1 s/);
    now = 1001;
    alive = true;
    assert.deepEqual(messages(await retriever.search(['d', 'e'], 1)), ['hits', 'hits']);
  });

  it('ends with the reason of its signal', async (test) => {
    const { retriever } = await serve(test, () => undefined);
    const abort = new AbortController();
    const searching = retriever.search(['a'], 1, abort.signal);
    setTimeout(() => {
      abort.abort(new Error('stopped by the user'));
    }, 20);
    await assert.rejects(searching, /stopped by the user/);
  });
});
