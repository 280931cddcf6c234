import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { Example } from '../../../src/data/task.ts';
import type { Arm } from '../../../src/rl/arms.ts';
import { remoteArm, type RemoteOptions } from '../../../src/rl/remote-arm.ts';
import { type LoopbackServer, serveLoopback } from '../../fixtures/loopback-server.ts';

const EXAMPLES = ['red mug', 'tea pot', 'lamp'].map((query): Example => ({ id: query, query, relevant: new Map() }));
const ASKED = { k: 10, turn: (): Promise<void> => Promise.resolve() };
const OPTIONS: Omit<RemoteOptions, 'url'> = {
  model: 'some-model',
  promptStyle: 'paper',
  temperature: 0.7,
  seed: 5,
  pause: () => Promise.resolve(),
};

/** A chat completion as the API's reference describes it. */
function chat(content: string | null): string {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 30, completion_tokens: 12, total_tokens: 42 };
  return JSON.stringify({ id: 'c1', object: 'chat.completion', model: 'some-model', choices, usage });
}

const answering = (query: string): string => chat(`<think>short</think><answer>{"query": "${query}"}</answer>`);

/** What was asked for, out of the prompt's back-ticks. */
function requestIn(body: string): { query: string; request: Record<string, unknown> } {
  const request = JSON.parse(body) as Record<string, unknown> & { messages: { content: string }[] };
  return { query: request.messages.at(-1)!.content.split('```')[1].trim(), request };
}

function serve(
  test: TestContext,
  answer: (body: string, response: ServerResponse, count: number) => void,
): Promise<LoopbackServer> {
  return serveLoopback(test, ({ body }, response, count) => {
    answer(body, response, count);
  });
}

const armAt = ({ url }: LoopbackServer, more: Partial<RemoteOptions> = {}, environment = {}): Arm =>
  remoteArm({ ...OPTIONS, url: `${url}/v1/`, ...more }, environment);

describe('remoteArm', () => {
  it('asks for each example with the key of a named variable, and counts the tokens that the server counted', async (test) => {
    const server = await serve(test, (body, response) => response.end(answering(`better ${requestIn(body).query}`)));
    const arm = armAt(server, { auth: { bearer: 'MY_KEY' }, parameters: { top_p: 0.5 } }, { MY_KEY: 'secret' });
    const answers = await arm.answer(EXAMPLES, ASKED);
    assert.deepEqual(
      answers,
      EXAMPLES.map(({ query }) => ({ kind: 'rewrite', rewrite: `better ${query}`, readTokens: 30, writtenTokens: 12 })),
    );
    for (const { path, headers, body } of server.received) {
      assert.equal(path, 'POST /v1/chat/completions');
      assert.equal(headers.authorization, 'Bearer secret');
      const { model, temperature, top_p, max_tokens } = requestIn(body).request;
      assert.deepEqual([model, temperature, top_p, max_tokens], ['some-model', 0, 0.5, 512]);
    }
  });

  it('waits for a busy server as long as it asks for, and asks again', async (test) => {
    const pauses: number[] = [];
    const server = await serve(test, (_, response, count) => {
      if (count > 2) response.end(answering('a'));
      else response.writeHead(429, { 'retry-after': '3' }).end('{"error":{"message":"Rate limit reached"}}');
    });
    const pause = (millis: number): Promise<void> => {
      pauses.push(millis);
      return Promise.resolve();
    };
    const [answer] = await armAt(server, { pause }).answer(EXAMPLES.slice(0, 1), ASKED);
    assert.equal(answer.kind, 'rewrite');
    assert.deepEqual(pauses, [3000, 3000]);
  });

  for (const [what, fail] of [
    ['a status of 500', (response) => response.writeHead(500).end('<html>')],
    ['a gateway without a server', (response) => response.writeHead(502).end()],
    ['a connection that ends before an answer', (response) => response.socket!.end()],
    ['a connection that breaks', (response) => response.socket!.destroy()],
    [
      'an answer that ends in its middle',
      (response) => response.writeHead(200, { 'content-length': 500 }).write('{"choices": [', () => response.destroy()),
    ],
  ] satisfies [string, (response: ServerResponse) => void][]) {
    it(`asks again after ${what}, and gives up in one sentence`, async (test) => {
      const server = await serve(test, (_, response, count) => {
        if (count === 3) response.end(answering('a'));
        else fail(response);
      });
      const [answer] = await armAt(server).answer(EXAMPLES.slice(0, 1), ASKED);
      assert.equal(answer.kind, 'rewrite');
      assert.equal(server.received.length, 3);
      await assert.rejects(armAt(server).answer(EXAMPLES.slice(0, 1), ASKED), ({ name, message }: Error) => {
        assert.match(
          message,
          /^The answer to example red mug failed: http:\/\/127\S+: (no connection|answered with status 50[02])/,
        );
        assert.deepEqual([name, message.split('\n').length], ['UserError', 1]);
        return true;
      });
      assert.equal(server.received.length, 3 + 6, 'six tries');
    });
  }

  it('gives up on an answer that never ends', async (test) => {
    const server = await serve(test, (_, response) => response.writeHead(200).write('{"choices": ['));
    const arm = armAt(server, { timeoutMillis: 50, attempts: 2 });
    await assert.rejects(arm.answer(EXAMPLES.slice(0, 1), ASKED), /no answer within 50 ms/);
    assert.equal(server.received.length, 2);
  });

  it('never has more requests under way than it may', async (test) => {
    let [underWay, most] = [0, 0];
    const server = await serve(test, (_, response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        response.end(answering('a'));
      }, 20);
    });
    const many = Array.from({ length: 12 }, (_, i): Example => ({ id: `${i}`, query: `q ${i}`, relevant: new Map() }));
    await armAt(server, { concurrency: 3 }).answer(many, ASKED);
    assert.equal(most, 3);
    assert.equal(server.received.length, 12);
  });

  for (const [what, content, format] of [
    ['prose', 'You could search for mugs.', 'tags'],
    ['a refusal', null, 'tags'],
    ['an answer without the key', '<think>x</think><answer>{"terms":"a"}</answer>', 'no-query'],
  ] as const) {
    it(`counts ${what} as an answer in a wrong format`, async (test) => {
      const server = await serve(test, (_, response) => response.end(chat(content)));
      const [answer] = await armAt(server).answer(EXAMPLES.slice(0, 1), ASKED);
      assert.deepEqual(answer, { kind: 'malformed', format, readTokens: 30, writtenTokens: 12 });
    });
  }

  for (const [what, status, body, message] of [
    [
      'a wrong key',
      401,
      '{"error":{"message":"Incorrect API key provided: secret"}}',
      /status 401: Incorrect API key provided: \*\*\*/,
    ],
    ['no chat completion', 200, '{"object":"list"}', /the answer has no choices\[0\]\.message/],
    ['no JSON', 200, '<html>', /is not JSON/],
    ['a message of parts', 200, '{"choices":[{"message":{"content":[]}}]}', /no text in its message/],
  ] as const) {
    it(`ends with a sentence, not with a hole, after ${what}`, async (test) => {
      const server = await serve(test, (_, response) => response.writeHead(status).end(body));
      const arm = armAt(server, { auth: { bearer: 'MY_KEY' } }, { MY_KEY: 'secret' });
      await assert.rejects(arm.answer(EXAMPLES.slice(0, 1), ASKED), { name: 'UserError', message });
      assert.equal(server.received.length, 1, 'asking again would not help');
      await assert.rejects(arm.answer(EXAMPLES.slice(0, 1), ASKED), /The answer to example red mug failed: http:/);
    });
  }

  for (const name of ['reasoning_content', 'reasoning']) {
    it(`takes an answer whose reasoning the server has parted from it as ${name}`, async (test) => {
      const message = {
        role: 'assistant',
        content: '\n<answer>{"query": "a"}</answer>',
        [name]: 'first <answer>, then',
      };
      const server = await serve(test, (_, response) => response.end(JSON.stringify({ choices: [{ message }] })));
      const [answer] = await armAt(server).answer(EXAMPLES.slice(0, 1), ASKED);
      assert.deepEqual(answer, { kind: 'rewrite', rewrite: 'a', readTokens: 0, writtenTokens: 0 });
    });
  }

  it('leaves out a field that a model does not take', async (test) => {
    const server = await serve(test, (_, response) => response.end(answering('a')));
    const parameters = { max_tokens: null, temperature: null, max_completion_tokens: 900 };
    await armAt(server, { parameters }).answer(EXAMPLES.slice(0, 1), ASKED);
    const { request } = requestIn(server.received[0].body);
    assert.deepEqual(Object.keys(request).sort(), ['max_completion_tokens', 'messages', 'model']);
  });

  it('gives up on a server that does not answer in time', async (test) => {
    const server = await serve(test, () => undefined);
    const arm = armAt(server, { timeoutMillis: 50, attempts: 1 });
    await assert.rejects(arm.answer(EXAMPLES.slice(0, 1), ASKED), /no answer within 50 ms/);
  });

  it('samples with a seed of its own for each draw', async (test) => {
    const server = await serve(test, (body, response) => {
      const { query, request } = requestIn(body);
      response.end(answering(`${query} ${request['seed'] as number} ${request['temperature'] as number}`));
    });
    const answers = await armAt(server).sample!(EXAMPLES.slice(0, 2), 2, ASKED);
    const rewrites = answers.map((group) => group.map((answer) => (answer.kind === 'rewrite' ? answer.rewrite : '')));
    assert.deepEqual(rewrites, [
      ['red mug 5 0.7', 'red mug 6 0.7'],
      ['tea pot 5 0.7', 'tea pot 6 0.7'],
    ]);
  });

  it('says which variable a key is missing in', () => {
    assert.throws(
      () => remoteArm({ ...OPTIONS, url: 'http://localhost/v1', auth: { bearer: 'NONE' } }, {}),
      /NONE is not set/,
    );
  });
});
