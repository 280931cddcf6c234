import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../src/base/package-root.ts';
import { requestControl } from '../../../src/runs/control.ts';
import { openRunReader, type RunReader } from '../../../src/runs/reader.ts';
import type { RunInfo } from '../../../src/runs/records.ts';
import { launchTraining, logTail, type TrainingOrder } from '../../../src/worker/launch.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const SMALL = {
  steps: 50,
  'rollout.prompts': 2,
  'rollout.groupSize': 2,
  'rollout.maxNewTokens': 8,
  'evaluation.limit': 2,
  'evaluation.every': 50,
  'checkpoint.every': 50,
};

function launch(order: TrainingOrder): Promise<string | null> {
  const script = join(packageRoot(), 'dist/worker.mjs');
  return launchTraining(order, { script, workingDir: packageRoot() }).ended;
}

/** A folder whose training, if one still lives, is stopped after the test. */
function runFolder(t: TestContext): string {
  const runDir = join(temporaryFolder(t), 'run');
  t.after(async () => {
    if (!existsSync(join(runDir, 'run.sqlite'))) return;
    requestControl(runDir, 'stop');
    const reader = openRunReader(runDir);
    while (reader.alive()) await sleep(50);
    reader.close();
  });
  return runDir;
}

async function until(runDir: string, condition: (info: RunInfo, reader: RunReader) => boolean): Promise<RunInfo> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (existsSync(join(runDir, 'run.sqlite'))) {
      const reader = openRunReader(runDir);
      try {
        const info = reader.info();
        if (condition(info, reader)) return info;
      } finally {
        reader.close();
      }
    }
    if (Date.now() > deadline) throw new Error(`waited a minute in vain; the log ends with: ${logTail(runDir)}`);
    await sleep(20);
  }
}

describe('the training process', () => {
  it('is paused, let go on, stopped and resumed through the run folder alone', async (t) => {
    const runDir = runFolder(t);
    const first = launch({ kind: 'train', runDir, config: SMALL, source: 'test' });
    await until(runDir, ({ step }) => step >= 1);
    requestControl(runDir, 'pause');
    const paused = await until(runDir, ({ state }) => state === 'paused');
    await sleep(500);
    assert.equal((await until(runDir, () => true)).step, paused.step, 'a paused training stands still');

    requestControl(runDir, 'run');
    await until(runDir, ({ state, step }) => state === 'running' && step > paused.step);
    requestControl(runDir, 'stop');
    assert.equal(await first, null);
    const stopped = await until(runDir, ({ state }) => state === 'stopped');
    await until(runDir, (_, reader) => reader.checkpoints().at(-1)?.step === stopped.step);

    const second = launch({ kind: 'resume', runDir });
    await until(runDir, ({ step }) => step > stopped.step);
    requestControl(runDir, 'stop');
    assert.equal(await second, null);
    assert.match(logTail(runDir), /step \d+: reward .* s\n(.*\n)*.* stopped\n$/);
  });

  it('is paused in the middle of a gradient too', async (t) => {
    const runDir = runFolder(t);
    const sizes = { 'rollout.prompts': 64, 'rollout.groupSize': 16, 'rollout.maxNewTokens': 32 };
    const config = { ...SMALL, ...sizes, 'optimizer.microBatchTokens': 1_000_000 };
    const ended = launch({ kind: 'train', runDir, config, source: 'test' });
    await until(runDir, ({ step }) => step >= 1);
    const waited: number[] = [];
    do {
      requestControl(runDir, 'pause');
      const asked = performance.now();
      await until(runDir, ({ state }) => state === 'paused');
      waited.push((performance.now() - asked) / 1000);
      requestControl(runDir, 'run');
      await until(runDir, ({ state }) => state === 'running');
      await sleep(400);
    } while ((await until(runDir, () => true)).step < 3);
    requestControl(runDir, 'stop');
    assert.equal(await ended, null);
    const reader = openRunReader(runDir);
    const updates = reader.eventsAfter(0).flatMap((event) => (event.kind === 'step' && 'updateSeconds' in event.metrics ? event.metrics.updateSeconds : [])); // prettier-ignore
    reader.close();
    assert.ok(updates.length >= 3 && waited.length >= 5, `${updates.length} updates, ${waited.length} pauses`);
    assert.ok(
      Math.max(...waited) < Math.min(...updates) / 2,
      `pauses after ${waited.join(', ')} s, updates of ${updates.join(', ')} s`,
    );
  });

  it('leaves one sentence in the log and no run when it cannot start', async (t) => {
    const runDir = runFolder(t);
    const ended = await launch({ kind: 'train', runDir, config: { ...SMALL, task: '/no/such/task' }, source: 'test' });
    assert.equal(ended, 'The training process ended with exit code 1.');
    assert.match(logTail(runDir), /^The task folder \/no\/such\/task [^\n]*\n$/);
    assert.ok(!existsSync(join(runDir, 'run.sqlite')));
  });

  it('says which setting is wrong', async (t) => {
    const runDir = runFolder(t);
    await launch({ kind: 'train', runDir, config: { stepz: 3 }, source: 'shop.rec-r1.json' });
    assert.equal(logTail(runDir), 'shop.rec-r1.json: there is no setting "stepz"; did you mean "steps"?\n');
  });
});
