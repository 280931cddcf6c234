import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RewriteAnswer } from '../../../src/app/rewrite-answer.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { createWorkerClient, type ClientOptions, type WorkerClient } from '../../../src/worker/client.ts';

const script = join(packageRoot(), 'dist/test/unit/worker/scripted-worker.mjs');

function clientOf(t: TestContext, options: Partial<ClientOptions> = {}): WorkerClient {
  const client = createWorkerClient({
    runtime: () => ({ script, workingDir: packageRoot() }),
    log: () => undefined,
    ...options,
  });
  t.after(() => {
    client.dispose();
  });
  return client;
}

async function ask(client: WorkerClient, query: string, signal?: AbortSignal): Promise<RewriteAnswer> {
  return (await client.ask('rewrite', { runDir: '/run', queries: [query] }, signal))[0];
}

describe('the question worker', () => {
  it('matches answers to questions, whatever their order', async (t) => {
    const client = clientOf(t);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((query) => ask(client, query)));
    assert.deepEqual(
      answers.map(({ rewrite }) => rewrite),
      ['a!', 'b!', 'c!', 'd!'],
    );
    assert.equal(new Set(answers.map(({ completion }) => completion)).size, 1, 'one process answers them all');
  });

  it('runs the editor’s own executable as Node, not as a second window', async (t) => {
    assert.equal((await ask(clientOf(t), 'environment')).rewrite, '1');
  });

  it('tells apart what the person can fix and what is a bug', async (t) => {
    const client = clientOf(t);
    await assert.rejects(ask(client, 'user error'), { name: 'UserError', message: 'The query is empty.' });
    await assert.rejects(ask(client, 'bug'), { name: 'Error', message: 'undefined is not a function' });
  });

  it('tells all who wait when the process dies, and starts another for the next question', async (t) => {
    const client = clientOf(t);
    const waiting = [ask(client, 'wait'), ask(client, 'wait'), ask(client, 'die')];
    for (const result of await Promise.allSettled(waiting)) {
      assert.ok(result.status === 'rejected');
      assert.match(String(result.reason), /The worker ended with exit code 7/);
    }
    assert.equal((await ask(client, 'again')).rewrite, 'again!');
  });

  it('says so when the process cannot start', async (t) => {
    const runtime = { script: join(packageRoot(), 'no-such-worker.mjs'), workingDir: packageRoot() };
    const client = clientOf(t, { runtime: () => runtime });
    await assert.rejects(ask(client, 'a'), /The worker (ended with exit code 1|cannot be reached)/);
    const noNode = clientOf(t, { runtime: () => ({ ...runtime, nodePath: '/no/such/node' }) });
    await assert.rejects(ask(noNode, 'a'), { name: 'UserError', message: /rec-r1.nodePath is \/no\/such\/node/ });
  });

  it('ends a question early when it is cancelled', async (t) => {
    const client = clientOf(t);
    const controller = new AbortController();
    const waiting = ask(client, 'wait', controller.signal);
    setTimeout(() => {
      controller.abort();
    }, 20);
    await assert.rejects(waiting, /Cancelled/);
    await assert.rejects(ask(client, 'wait', AbortSignal.abort()), { name: 'AbortError' });
  });

  it('ends the process when nobody has asked for a while', async (t) => {
    const client = clientOf(t, { idleMillis: 30 });
    const { completion } = await ask(client, 'a');
    const isAlive = (): boolean => {
      try {
        return process.kill(Number(completion), 0);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
        throw error;
      }
    };
    assert.ok(isAlive());
    for (let i = 0; i < 100 && isAlive(); i++) await sleep(20);
    assert.ok(!isAlive());
    assert.notEqual((await ask(client, 'b')).completion, completion);
  });

  it('tells those who wait when it is stopped, and hands on what the process writes', async (t) => {
    const lines: string[] = [];
    const client = clientOf(t, { log: (line) => lines.push(line) });
    await ask(client, 'hello');
    assert.deepEqual(lines, ['asked for hello']);
    const waiting = ask(client, 'wait');
    client.dispose();
    await assert.rejects(waiting, /The worker was stopped/);
  });
});
