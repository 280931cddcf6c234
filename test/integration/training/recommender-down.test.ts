import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestControl } from '../../../src/runs/control.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { recR1 } from '../../fixtures/command-line.ts';
import { httpRecommender, type HttpRecommender } from '../../fixtures/http-recommender.ts';
import { reaches, recorded, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

async function opened(test: TestContext): Promise<HttpRecommender> {
  const recommender = await httpRecommender();
  test.after(() => {
    recommender.close();
  });
  return recommender;
}

describe('a training whose recommender goes down', () => {
  it(
    'pauses with the reason, keeps its state, and goes on as if nothing had been',
    { timeout: 180_000 },
    async (test) => {
      const root = temporaryFolder(test);
      const recommender = await opened(test);
      const { url } = recommender;
      await train(join(root, 'undisturbed'), { retriever: url });

      const runDir = join(root, 'disturbed');
      const training = train(runDir, { retriever: url });
      await reaches(runDir, ({ step }) => step >= 1);
      recommender.isDown = true;
      const paused = await reaches(runDir, (info) => info.state === 'paused');
      assert.match(paused.message ?? '', /^\d+ of \d+ searches failed, the first \(“.+”\) with: .* status 400\.$/);
      const { answered } = recommender;
      await sleep(500);
      assert.equal(recommender.answered, answered, 'it waits');
      recommender.isDown = false;
      requestControl(runDir, 'run');
      await training;
      assert.deepEqual(recorded(runDir), recorded(join(root, 'undisturbed')));
      const reader = openRunReader(runDir);
      const guards = reader.eventsAfter(0).flatMap((event) => (event.kind === 'guard' ? [event] : []));
      reader.close();
      assert.deepEqual(
        guards.map(({ guard, message }) => [guard, message]),
        [['retriever', paused.message]],
      );
    },
  );

  it(
    'stopped while it waits, it keeps every finished step and resumes after them',
    { timeout: 180_000 },
    async (test) => {
      const root = temporaryFolder(test);
      const recommender = await opened(test);
      const { url } = recommender;
      const given = { retriever: url, 'evaluation.every': 100 };
      const runDir = join(root, 'run');
      const training = train(runDir, given);
      await reaches(runDir, ({ step }) => step >= 1);
      recommender.isDown = true;
      const paused = await reaches(runDir, (info) => info.state === 'paused');
      requestControl(runDir, 'stop');
      await training;
      const stopped = await reaches(runDir, (info) => info.state === 'stopped');
      assert.equal(stopped.step, paused.step);
      recommender.isDown = false;
      assert.equal((await recR1('resume', runDir)).status, 0);
      await train(join(root, 'undisturbed'), given);
      assert.deepEqual(recorded(runDir), recorded(join(root, 'undisturbed')));
    },
  );
});
