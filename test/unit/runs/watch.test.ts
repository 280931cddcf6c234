import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRun, openRunWriter } from '../../../src/runs/store.ts';
import { watchRun, type RunChange } from '../../../src/runs/watch.ts';
import { stepEvent } from '../../fixtures/run-events.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const NEW_RUN = { name: 'r', config: {}, taskName: 't', taskDir: '/t', totalSteps: 2, startedAt: 0 };

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited 5 seconds in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a watch waits for the run, tells each event once, and notices a writer that went without a word', async (t) => {
  const dir = join(temporaryFolder(t), 'run');
  const changes: RunChange[] = [];
  const watch = watchRun(
    dir,
    (change) => changes.push(change),
    (error) => {
      throw error;
    },
  );
  t.after(() => {
    watch.stop();
  });
  assert.equal(watch.reader(), null);

  createRun(dir, NEW_RUN);
  const writer = openRunWriter(dir);
  writer.append({ kind: 'state', state: 'running', step: 0 });
  await until(() => changes.at(-1)?.info.state === 'running');
  writer.append(stepEvent(1));
  writer.append(stepEvent(2));
  await until(() => changes.at(-1)?.info.step === 2);
  writer.close();
  await until(() => changes.at(-1)?.info.state === 'failed');
  assert.deepEqual(
    changes.flatMap(({ events }) => events.map(({ id }) => id)),
    [1, 2, 3],
  );
});
