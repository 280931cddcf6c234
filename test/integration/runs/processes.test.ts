import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { createRun, openRunWriter } from '../../../src/runs/store.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const WRITER = join(packageRoot(), 'dist/test/integration/runs/writer-process.mjs');

function newRun(t: TestContext): string {
  const dir = join(temporaryFolder(t), 'run');
  createRun(dir, { name: 'r', config: {}, taskName: 't', taskDir: '/t', totalSteps: 10, startedAt: 0 });
  return dir;
}

/** A writer in another process, and the steps that it reports. Resolves once it has reported `steps` of them. */
async function writerAfter(
  t: TestContext,
  dir: string,
  steps: number,
): Promise<{ child: ChildProcess; reported: number[] }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WRITER, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const reported: number[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      reported.push(Number(line));
      if (reported.length === steps) resolve();
    });
    child.on('exit', (code) => {
      reject(new Error(`the writer ended with ${code} before ${steps} steps`));
    });
  });
  return { child, reported };
}

test('what was appended survives kill -9 of the writer, exactly once, twice in a row', async (t) => {
  const dir = newRun(t);
  let last = 0;
  for (const life of [1, 2]) {
    const { child, reported } = await writerAfter(t, dir, 30);
    child.kill('SIGKILL');
    await once(child.stdout!, 'close');
    const reader = openRunReader(dir);
    const steps = reader.eventsAfter(0).filter((event) => event.kind === 'step');
    // Killed between the commit and the report, the newest step may be there without having been reported.
    const newest = steps.at(-1)!.step;
    assert.ok(newest === reported.at(-1) || newest === reported.at(-1)! + 1, `life ${life}: ${newest}`);
    assert.deepEqual(
      steps.map(({ step }) => step),
      Array.from({ length: newest }, (_, i) => i + 1),
    );
    assert.equal(reported[0], last + 1);
    assert.equal(reader.groups(newest).length, 1);
    assert.equal(reader.info().state, 'failed');
    assert.ok(!reader.alive());
    reader.close();
    last = newest;
  }
});

test('a reader sees what a writer in another process appends, and a second writer is refused', async (t) => {
  const dir = newRun(t);
  const { reported } = await writerAfter(t, dir, 3);
  const reader = openRunReader(dir);
  t.after(() => {
    reader.close();
  });
  assert.ok(reader.alive());
  assert.equal(reader.info().state, 'running');
  assert.ok(reader.info().step >= 3);
  assert.throws(() => openRunWriter(dir), /is being written by another process/);

  const version = reader.dataVersion();
  const cursor = reader.eventsAfter(0).at(-1)!.id;
  while (reported.length < 40) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.notEqual(reader.dataVersion(), version);
  assert.ok(reader.eventsAfter(cursor).length > 0);
});

test('a disk that takes no more ends the writer with one sentence, and what was recorded stays', (t) => {
  const dir = newRun(t);
  // A limit on file sizes is what every system has for a test; a full disk fails at the same write.
  const limited = spawnSync('sh', ['-c', 'ulimit -f 400; exec "$0" "$@"', process.execPath, WRITER, dir], {
    encoding: 'utf8',
  });
  const reported = limited.stdout.trim().split('\n').map(Number);
  assert.notEqual(limited.status, 0);
  assert.match(limited.stderr, /UserError: Step \d+ was not recorded, everything before it is safe: .*run\.sqlite/);
  const reader = openRunReader(dir);
  t.after(() => {
    reader.close();
  });
  assert.equal(reader.info().step, reported.at(-1));
  assert.deepEqual(
    reader.eventsAfter(0).flatMap((event) => (event.kind === 'step' ? [event.step] : [])),
    reported,
  );
});
