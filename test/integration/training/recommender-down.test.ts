import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openTask } from '../../../src/data/open-task.ts';
import { bm25Retriever, buildBm25Index } from '../../../src/retrieval/bm25.ts';
import { requestControl } from '../../../src/runs/control.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import type { RunInfo } from '../../../src/runs/records.ts';
import { recR1 } from '../../fixtures/command-line.ts';
import { recorded, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** BM25 over the sample behind HTTP, and a switch. */
async function recommender(test: TestContext): Promise<{ url: string; state: { down: boolean; answered: number } }> {
  const { documents } = await openTask(join(packageRoot(), 'media/sample'));
  const retriever = bm25Retriever(buildBm25Index(documents));
  const state = { down: false, answered: 0 };
  const server = createServer((request, response) => {
    void json(request).then(async (body) => {
      const { queries, limit } = body as { queries: string[]; limit: number };
      if (state.down) response.writeHead(400).end('closed for stocktaking');
      else response.end(JSON.stringify({ results: await retriever.search(queries, limit) }));
      if (!state.down) state.answered++;
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, state };
}

async function reaches(runDir: string, holds: (info: RunInfo) => boolean): Promise<RunInfo> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    await sleep(50);
    try {
      const reader = openRunReader(runDir);
      const info = reader.info();
      reader.close();
      if (holds(info)) return info;
    } catch (error) {
      if (waited > 30_000) throw error; // the folder is yet to be made
    }
  }
  return assert.fail(`${runDir} did not get there within a minute`);
}

describe('a training whose recommender goes down', () => {
  it(
    'pauses with the reason, keeps its state, and goes on as if nothing had been',
    { timeout: 180_000 },
    async (test) => {
      const root = temporaryFolder(test);
      const { url, state } = await recommender(test);
      await train(join(root, 'undisturbed'), { retriever: url });

      const runDir = join(root, 'disturbed');
      const training = train(runDir, { retriever: url });
      await reaches(runDir, ({ step }) => step >= 1);
      state.down = true;
      const paused = await reaches(runDir, (info) => info.state === 'paused');
      assert.match(paused.message ?? '', /^\d+ of \d+ searches of http\(.*\) failed, the last with: .* status 400\.$/);
      const answered = state.answered;
      await sleep(500);
      assert.equal(state.answered, answered, 'it waits');
      state.down = false;
      requestControl(runDir, 'run');
      await training;
      assert.deepEqual(recorded(runDir), recorded(join(root, 'undisturbed')));
    },
  );

  it(
    'stopped while it waits, it keeps every finished step and resumes after them',
    { timeout: 180_000 },
    async (test) => {
      const root = temporaryFolder(test);
      const { url, state } = await recommender(test);
      const given = { retriever: url, 'evaluation.every': 100 };
      const runDir = join(root, 'run');
      const training = train(runDir, given);
      await reaches(runDir, ({ step }) => step >= 1);
      state.down = true;
      const paused = await reaches(runDir, (info) => info.state === 'paused');
      requestControl(runDir, 'stop');
      await training;
      const stopped = await reaches(runDir, (info) => info.state === 'stopped');
      assert.equal(stopped.step, paused.step);
      state.down = false;
      assert.equal((await recR1('resume', runDir)).status, 0);
      await train(join(root, 'undisturbed'), given);
      assert.deepEqual(recorded(runDir), recorded(join(root, 'undisturbed')));
    },
  );
});
