import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../../src/base/package-root.ts';
import { type CommandOptions, commandRetriever } from '../../../../src/retrieval/network/command.ts';
import { httpRetriever } from '../../../../src/retrieval/network/http.ts';
import type { Retriever, SearchOutcome } from '../../../../src/retrieval/retriever.ts';
import { freePort } from '../../../fixtures/loopback-server.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';

/** Answers each query with itself as the one document, and its process id as the score. */
const ECHO = `
  const answer = ({ queries }) => ({ results: queries.map((id) => ({ hits: [{ id, score: process.pid }] })) });
  let rest = '';
  process.stdin.on('data', (chunk) => {
    const lines = (rest + chunk).split('\\n');
    rest = lines.pop();
    for (const line of lines) onRequest(JSON.parse(line));
  });
  function say(request) { process.stdout.write(JSON.stringify(answer(request)) + '\\n'); }
`;

interface Started {
  readonly retriever: Retriever;
  readonly stderr: () => string;
}

/** A retriever over a Node program; pauses between tries are not waited for. */
function start(test: TestContext, source: string, options: Partial<CommandOptions> = {}): Started {
  let stderr = '';
  const retriever = commandRetriever({
    kind: 'command',
    command: [process.execPath, '-e', ECHO + source],
    pause: () => Promise.resolve(),
    onStderr: (chunk) => (stderr += chunk.toString()),
    ...options,
  });
  test.after(() => retriever.dispose?.());
  return { retriever, stderr: () => stderr };
}

function messageOf(outcome: SearchOutcome): string {
  return outcome.kind === 'failed' ? outcome.message : 'hits';
}

/** The process that answered. */
async function pidOf({ retriever }: Started, query = 'x'): Promise<number> {
  const [outcome] = await retriever.search([query], 1);
  assert.equal(outcome.kind, 'hits', messageOf(outcome));
  return 'hits' in outcome ? outcome.hits[0].score : 0;
}

async function ends(pid: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
  assert.fail(`process ${pid} is alive`);
}

describe('commandRetriever', () => {
  it('starts the program once, without a shell, and asks it line by line', async (test) => {
    const started = start(test, 'globalThis.onRequest = say;');
    const queries = ['$(touch x); "a"', 'two\nlines', '\u2028 🐈', 'b'];
    const outcomes = await Promise.all([started.retriever.search(queries, 5), started.retriever.search(['c'], 5)]);
    const hits = outcomes.flat().flatMap((outcome) => (outcome.kind === 'hits' ? outcome.hits : []));
    assert.deepEqual(hits.map(({ id }) => id), [...queries, 'c']); // prettier-ignore
    assert.equal(new Set(hits.map(({ score }) => score)).size, 1, 'one process');
  });

  it('runs the Python recommender of the manual, the same over lines as over HTTP', async (test) => {
    const folder = temporaryFolder(test);
    const documents = [{ _id: 'b', title: 'Red shoes', text: 'for running' }, { _id: 'a', title: 'Red hat', text: '' }]; // prettier-ignore
    writeFileSync(join(folder, 'corpus.jsonl'), documents.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const program = join(packageRoot(), 'test/fixtures/recommender.py');
    const corpus = join(folder, 'corpus.jsonl');
    const overLines = commandRetriever({ kind: 'command', command: ['python3', program, corpus, '--lines'] });
    test.after(() => overLines.dispose?.());
    const port = await freePort();
    const server = spawn('python3', [program, corpus, String(port)], { stdio: 'ignore' });
    test.after(() => server.kill());
    const overHttp = httpRetriever({ url: `http://127.0.0.1:${port}/`, attempts: 8 }); // tries again while it starts
    for (const retriever of [overLines, overHttp]) {
      const outcomes = await retriever.search(['red SHOES', 'red', 'coat'], 10);
      assert.deepEqual(
        outcomes.map((outcome) => ('hits' in outcome ? outcome.hits : outcome.message)),
        [[{ id: 'b', score: 2 }, { id: 'a', score: 1 }], [{ id: 'a', score: 1 }, { id: 'b', score: 1 }], []], // prettier-ignore
      );
    }
  });

  it('starts it again after a crash, and passes on what it wrote to standard error', async (test) => {
    const folder = temporaryFolder(test);
    const crashOnce = `
      const { existsSync, writeFileSync } = require('node:fs');
      globalThis.onRequest = (request) => {
        if (existsSync('crashed')) return say(request);
        writeFileSync('crashed', String(process.pid));
        console.error('out of memory');
        process.exit(7);
      };`;
    const started = start(test, crashOnce, { folder });
    const pid = await pidOf(started);
    assert.notEqual(pid, Number(readFileSync(join(folder, 'crashed'), 'utf8')));
    assert.equal(started.stderr(), 'out of memory\n');
  });

  it('says how it ended, and stops starting one that always ends', async (test) => {
    const folder = temporaryFolder(test);
    const program = `require('node:fs').appendFileSync('starts', 'x'); console.error('No module named bm25'); process.exit(3);`;
    const { retriever } = start(test, program, { folder, attempts: 2, breakAfter: 2 });
    const messages: string[] = [];
    for (const query of ['a', 'b', 'c', 'd']) messages.push(messageOf((await retriever.search([query], 1))[0]));
    assert.match(messages[0], /: it ended with status 3: No module named bm25$/);
    assert.match(messages[3], /failed 2 times in a row and is asked again in 10 s/);
    assert.equal(readFileSync(join(folder, 'starts'), 'utf8'), 'xxxx');
  });

  it('ends one that does not answer in time, since its late answer would belong to another question', async (test) => {
    const slowOnce = `
      globalThis.onRequest = (request) => {
        if (request.queries[0] === 'slow') setTimeout(() => say(request), 10_000);
        else say(request);
      };`;
    const started = start(test, slowOnce, { timeoutMillis: 1000, attempts: 1 });
    const before = await pidOf(started);
    assert.match(messageOf((await started.retriever.search(['slow'], 1))[0]), /no answer within 1000 ms$/);
    await ends(before);
    assert.notEqual(await pidOf(started), before);
  });

  it('never takes other lines for a ranking', async (test) => {
    const cases: readonly [program: string, message: RegExp][] = [
      [
        `globalThis.onRequest = () => console.log('Loading index ...');`,
        /a line that is not JSON: Unexpected token 'L'/,
      ],
      [`globalThis.onRequest = () => console.log('{"results":[]}');`, /the answer has 0 results for 1 queries/],
      [`globalThis.onRequest = () => console.log('{"results":[{"hits":[{"id":"a","score":NaN}]}]}');`, /not JSON/],
    ];
    for (const [program, message] of cases) {
      const { retriever } = start(test, program);
      assert.match(messageOf((await retriever.search(['a'], 1))[0]), message);
    }
  });

  it('complains of a line that nobody asked for', async (test) => {
    const started = start(
      test,
      'globalThis.onRequest = (request) => { say(request); setTimeout(() => say(request), 50); };',
    );
    await pidOf(started);
    await sleep(300);
    const [outcome] = await started.retriever.search(['b'], 1);
    assert.match(messageOf(outcome), /: it wrote a line that nobody asked for: \{"results"/);
  });

  it('says that there is no such program', async () => {
    const retriever = commandRetriever({ kind: 'command', command: ['/no/such/program'] });
    assert.match(
      messageOf((await retriever.search(['a'], 1))[0]),
      /^\/no\/such\/program: it cannot be started \(.*ENOENT/,
    );
    await retriever.dispose?.();
  });

  it('kills it when the search is given up', async (test) => {
    const started = start(test, `globalThis.onRequest = (request) => request.queries[0] === 'stop' || say(request);`);
    const pid = await pidOf(started);
    const abort = new AbortController();
    const searching = started.retriever.search(['stop'], 1, abort.signal);
    setTimeout(() => {
      abort.abort(new Error('stopped by the user'));
    }, 20);
    await assert.rejects(searching, /stopped by the user/);
    await ends(pid);
  });

  it('ends it on dispose: by closing its input, and by force when it does not care', async (test) => {
    const folder = temporaryFolder(test);
    const polite = start(test, `globalThis.onRequest = say; process.stdin.on('end', () => { require('node:fs').writeFileSync('bye', ''); });`, { folder }); // prettier-ignore
    await pidOf(polite);
    await polite.retriever.dispose?.();
    assert.equal(readFileSync(join(folder, 'bye'), 'utf8'), '');
    const stubborn = start(test, `globalThis.onRequest = say; setInterval(() => {}, 1000); process.on('SIGTERM', () => {});`); // prettier-ignore
    const pid = await pidOf(stubborn);
    await stubborn.retriever.dispose?.();
    await ends(pid);
  });

  it('does not keep a process alive that forgot to dispose of it', async (test) => {
    const folder = temporaryFolder(test);
    const bundle = join(packageRoot(), 'dist/test/unit/retrieval/network/forgetful.mjs');
    const forgetful = spawn(process.execPath, [bundle], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(forgetful, 'close') as Promise<[number]>;
    const [printed, [status]] = await Promise.all([text(forgetful.stdout), closed]);
    assert.deepEqual([printed, status], ['hits\n', 0]);
    for (let i = 0; i < 200 && !existsSync(join(folder, 'ended')); i++) await sleep(10);
    assert.ok(existsSync(join(folder, 'ended')), 'the command ends when its input does');
  });
});
