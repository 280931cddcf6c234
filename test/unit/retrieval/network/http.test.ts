import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { type HttpRetrieverOptions, httpRetriever } from '../../../../src/retrieval/network/http.ts';
import type { Retriever, SearchOutcome } from '../../../../src/retrieval/retriever.ts';
import { freePort, serveLoopback } from '../../../fixtures/loopback-server.ts';

interface Asked {
  readonly queries: readonly string[];
  readonly limit: number;
}

interface Served {
  readonly retriever: Retriever;
  readonly asked: Asked[];
  readonly pauses: number[];
  readonly headers: IncomingHttpHeaders[];
}

type Answer = (asked: Asked, response: ServerResponse, count: number) => void;

/** A real server on this machine; pauses between tries are only written down. */
async function serve(test: TestContext, answer: Answer, options: Partial<HttpRetrieverOptions> = {}): Promise<Served> {
  const [asked, pauses, headers]: [Asked[], number[], IncomingHttpHeaders[]] = [[], [], []];
  const { url } = await serveLoopback(test, (request, response, count) => {
    const body = JSON.parse(request.body) as Asked;
    asked.push(body);
    headers.push(request.headers);
    answer(body, response, count);
  });
  const pause = (millis: number): Promise<void> => {
    pauses.push(millis);
    return Promise.resolve();
  };
  const environment = { TOKEN: 'top-secret', TENANT: 'acme-123' };
  const retriever = httpRetriever({ url: `${url}/search?v=2`, pause, random: () => 0, ...options }, environment);
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
    const { retriever, asked, headers } = await serve(test, found, {
      batchSize: 2,
      auth: { bearer: 'TOKEN' },
      headers: { 'X-Tenant': 'TENANT' },
    });
    const outcomes = await retriever.search(['a', 'b', 'a', 'c'], 1);
    assert.deepEqual(outcomes, ['a', 'b', 'a', 'c'].map((id) => ({ kind: 'hits', hits: [{ id, score: 2 }] }))); // prettier-ignore
    assert.deepEqual(asked.map(({ queries }) => queries).sort(), [['a', 'b'], ['c']]); // prettier-ignore
    assert.equal(asked[0].limit, 1);
    assert.equal(headers[0].authorization, 'Bearer top-secret');
    assert.equal(headers[0]['x-tenant'], 'acme-123');
  });

  it('passes a note on, reads whole numbers as ids and ignores other fields', async (test) => {
    const result = { hits: [{ id: 7, score: 1, title: 'x' }], note: 'searched as plain words', took: 3 };
    const { retriever } = await serve(test, (_, response) => response.end(JSON.stringify({ results: [result] })));
    assert.deepEqual(await retriever.search(['a'], 9), [
      { kind: 'hits', hits: [{ id: '7', score: 1 }], note: 'searched as plain words' },
    ]);
  });

  it('tries a busy or broken server again, with growing pauses or the one it asks for', async (test) => {
    const headers = [{}, { 'retry-after': '7' }, { 'retry-after': new Date(Date.now() + 20_000).toUTCString() }];
    const { retriever, pauses } = await serve(test, (asked, response, count) => {
      if (count === 4) found(asked, response, count);
      else response.writeHead(count === 1 ? 503 : 429, headers[count - 1]).end('busy');
    });
    assert.deepEqual(messages(await retriever.search(['a'], 1)), ['hits']);
    assert.deepEqual(pauses.slice(0, 2), [250, 7000]);
    assert.ok(pauses[2] > 15_000 && pauses[2] <= 20_000, `paused ${pauses[2]} ms`);
  });

  it('gives up after its tries, and at once where trying again is no use', async (test) => {
    const broken = await serve(test, (_, response) => response.writeHead(500).end());
    assert.match(messages(await broken.retriever.search(['a'], 1))[0], /: answered with status 500$/);
    assert.equal(broken.asked.length, 4);
    const forbidden = await serve(test, (_, response) => response.writeHead(403).end('{"detail":"no such tenant"}'));
    assert.match(
      messages(await forbidden.retriever.search(['a'], 1))[0],
      /: answered with status 403: no such tenant$/,
    );
    assert.equal(forbidden.asked.length, 1);
  });

  it('never takes HTML, a wrong shape, NaN or a repeated document for a ranking', async (test) => {
    const cases: readonly [body: string, message: RegExp][] = [
      ['<html>', /the answer \(no content type\) is not JSON: Unexpected token '<'/],
      ['{"results":[{"hits":[{"id":"a","score":NaN}]}]}', /not JSON: Unexpected token 'N'/],
      ['[]', /no list "results"/],
      ['{"results":[]}', /0 results for 1 queries/],
      ['{"results":[{}]}', /a list "hits" or a text "error"/],
      ['{"results":[{"hits":[{"id":"a","score":null}]}]}', /hit 1 \(a\) needs a finite number as "score", got null/],
      ['{"results":[{"hits":[{"id":"a","score":1e999}]}]}', /finite number/],
      ['{"results":[{"hits":["a"]}]}', /finite number/],
      ['{"results":[{"hits":[{"id":1.5,"score":1}]}]}', /hit 1 needs an "id", got 1.5/],
      ['{"results":[{"hits":[{"id":"a","score":1},{"id":"a","score":0}]}]}', /document a is listed twice/],
      [
        '{"results":[{"hits":[{"id":"a","score":1},{"id":"b","score":2}]}]}',
        /hit 2 \(b\) scores 2, after 1; hits go best/,
      ],
      ['{"results":[{"error":"index is being built"}]}', /: index is being built$/],
    ];
    for (const [body, message] of cases) {
      const { retriever } = await serve(test, (_, response) => response.end(body));
      assert.match(messages(await retriever.search(['a'], 1))[0], message);
    }
  });

  it('fails one query of a batch alone', async (test) => {
    const results = [{ hits: [] }, { error: 'too long' }, { hits: [{ id: '', score: 1 }] }];
    const { retriever } = await serve(test, (_, response) => response.end(JSON.stringify({ results })));
    assert.deepEqual(
      (await retriever.search(['a', 'b', 'c'], 1)).map(({ kind }) => kind),
      ['hits', 'failed', 'failed'],
    );
  });

  it('does not follow a redirect, and names where it led without what may be a key', async (test) => {
    const { retriever, asked } = await serve(test, (_, response) => {
      response.writeHead(302, { location: 'http://login.example/start?session=abc' }).end();
    });
    const [message] = messages(await retriever.search(['a'], 1));
    assert.match(
      message,
      /answered with a redirect \(status 302\) to http:\/\/login\.example\/start; name that address$/,
    );
    assert.equal(asked.length, 1);
  });

  it('fails when nobody listens or nobody answers', async (test) => {
    const silent = await serve(test, () => undefined, { timeoutMillis: 50, attempts: 1 });
    assert.match(messages(await silent.retriever.search(['a'], 1))[0], /no answer within 50 ms/);
    const nobody = httpRetriever({ url: `http://127.0.0.1:${await freePort()}/`, attempts: 1 });
    assert.match(messages(await nobody.search(['a'], 1))[0], /^http:.*: no connection \(connect ECONNREFUSED/);
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
    assert.match(
      messages(outcomes)[2],
      /failed 2 times in a row and is asked again in 1 s; the last time .*status 500/,
    );
    now = 1001;
    alive = true;
    assert.deepEqual(messages(await retriever.search(['d', 'e'], 1)), ['hits', 'hits']);
  });

  it('never has more requests under way than it may, over all its calls', async (test) => {
    let [running, most] = [0, 0];
    const { retriever, asked } = await serve(
      test,
      (body, response, count) => {
        most = Math.max(most, ++running);
        setTimeout(() => {
          running--;
          found(body, response, count);
        }, 5);
      },
      { batchSize: 1, concurrency: 3 },
    );
    const calls = ['a', 'b', 'c', 'd'].map((call) => retriever.search([1, 2, 3, 4].map((i) => `${call}${i}`), 1)); // prettier-ignore
    assert.deepEqual(new Set(messages((await Promise.all(calls)).flat())), new Set(['hits']));
    assert.deepEqual([asked.length, most], [16, 3]);
  });

  it('ends with the reason of its signal, also while it waits for another try', async (test) => {
    for (const status of [undefined, 503]) {
      const { retriever } = await serve(
        test,
        (_, response) => {
          if (status !== undefined) response.writeHead(status).end();
        },
        { pause: undefined, random: () => 1 },
      );
      const abort = new AbortController();
      const searching = retriever.search(['a'], 1, abort.signal);
      setTimeout(() => {
        abort.abort(new Error('stopped by the user'));
      }, 60);
      await assert.rejects(searching, /stopped by the user/);
    }
  });

  it('sends what a model wrote as Unicode that every parser takes', async (test) => {
    const { retriever, asked } = await serve(test, found);
    await retriever.search(['half a pair \ud83d', '\0 "quoted"\u2028'], 1);
    assert.deepEqual(asked[0].queries, ['half a pair \ufffd', '\0 "quoted"\u2028']);
  });

  it('refuses a password in its address, and a variable that is missing or no header', () => {
    const open =
      (options: HttpRetrieverOptions, environment = {}) =>
      () =>
        httpRetriever(options, environment);
    assert.throws(open({ url: 'https://me:hunter2@shop.example/' }), (error: Error) => {
      assert.match(error.message, /The address of shop\.example holds a user name or password; take it out/);
      return !error.message.includes('hunter2');
    });
    assert.throws(open({ url: 'me:hunter2@shop.example' }), /The address "shop\.example" is no URL of a server/);
    assert.throws(open({ url: 'shop.example' }), /The address "shop\.example" is no URL of a server/);
    assert.throws(open({ url: 'http://a/', auth: { bearer: 'KEY' } }), /the environment variable KEY is not set/);
    const broken = { url: 'http://a/', headers: { 'X-Key': 'KEY' } };
    assert.throws(open(broken, { KEY: 'hunter2\n' }), (error: Error) => {
      assert.match(error.message, /KEY cannot be sent as a header/);
      return !error.message.includes('hunter2');
    });
  });

  it('shows no key, not even a part of one, when the server sends it back', async (test) => {
    const said = 'you sent Bearer top-secret for acme-123';
    const answers: readonly [status: number, body: string, shown: RegExp][] = [
      [400, JSON.stringify({ error: said }), /: answered with status 400: you sent Bearer \*\*\* for \*\*\*$/],
      [500, JSON.stringify({ error: `${'x'.repeat(195)}top-secret` }), /x{195}\*\*\*$/],
      [200, 'Btop-secret', /is not JSON: Unexpected token 'B', "B\*\*\*" is not valid JSON$/],
      [200, JSON.stringify({ results: [{ hits: [], note: said }] }), /hits/],
    ];
    for (const [status, body, shown] of answers) {
      const { retriever } = await serve(test, (_, response) => response.writeHead(status).end(body), {
        auth: { bearer: 'TOKEN' },
        headers: { 'X-Tenant': 'TENANT' },
      });
      const outcomes = await retriever.search(['a'], 1);
      assert.match(messages(outcomes)[0], shown);
      assert.doesNotMatch(JSON.stringify([retriever.name, outcomes]), /top-|acme|v=2/);
    }
  });
});
