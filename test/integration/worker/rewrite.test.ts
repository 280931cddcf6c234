import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { RewriteAnswer } from '../../../src/app/rewrite-answer.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import type { EvaluationRow } from '../../../src/runs/events.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { createWorkerClient, type WorkerClient } from '../../../src/worker/client.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { STEPS, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const CHECKPOINT = `step-00000${STEPS}`;

function workerOf(test: TestContext): WorkerClient {
  const script = join(packageRoot(), 'dist/worker.mjs');
  const worker = createWorkerClient({ runtime: () => ({ script, workingDir: packageRoot() }), log: () => undefined });
  test.after(() => {
    worker.dispose();
  });
  return worker;
}

async function trainedRun(test: TestContext): Promise<string> {
  const runDir = join(temporaryFolder(test), 'run');
  await train(runDir);
  return runDir;
}

/** Rows of the run's last evaluation. */
function evaluated(runDir: string): readonly EvaluationRow[] {
  const reader = openRunReader(runDir);
  try {
    const event = reader.eventsAfter(0).findLast(({ kind }) => kind === 'evaluation');
    return reader.evaluationRows(event!.id);
  } finally {
    reader.close();
  }
}

describe('a checkpoint that is asked', { timeout: 180_000 }, () => {
  it('rewrites as its evaluation did, whether asked for one query or for many, at each turn of checkpoints', async (test) => {
    const runDir = await trainedRun(test);
    const rows = evaluated(runDir);
    const worker = workerOf(test);
    const ask = async (checkpoint: string, ...queries: string[]): Promise<readonly RewriteAnswer[]> =>
      worker.ask('rewrite', { runDir, checkpoint, queries });
    const together = await ask(CHECKPOINT, ...rows.map(({ query }) => query));
    for (const [i, { rewrite, format, hits, judged }] of together.entries()) {
      const row = rows[i];
      assert.deepEqual([rewrite, format], [row.rewrite, row.format]);
      assert.deepEqual(judged?.rewrite, row.metrics['ndcg@10']);
      assert.deepEqual(judged.original, row.baseline['ndcg@10']);
      assert.deepEqual(
        hits.map(({ id }) => id),
        row.top,
      );
    }
    await ask('step-000000', rows[3].query);
    assert.deepEqual(await ask(CHECKPOINT, rows[3].query), [together[3]]);
    const [unknown] = await ask(CHECKPOINT, 'a thing to warm my neck');
    assert.equal(unknown.judged, undefined);
    assert.equal(unknown.baselineHits.length, 10);
  });

  it('passes tests whose documents it ranks high, and fails with the ranking that it got', async (test) => {
    const runDir = await trainedRun(test);
    const row = evaluated(runDir).find(({ top }) => top.length === 10)!;
    const file = join(runDir, 'rec-r1.tests.json');
    const write = (...tests: object[]): void => {
      writeFileSync(file, JSON.stringify({ tests: tests.map((each) => ({ query: row.query, ...each })) }));
    };
    const arguments_ = ['test', file, '--run', runDir, '--checkpoint', CHECKPOINT];

    write(
      { documents: row.top },
      { documents: ['nothing', row.top[9]], need: 'any' },
      { documents: [row.top[0]], k: 1 },
    );
    const passed = await recR1(...arguments_);
    assert.equal(passed.status, 0, passed.stderr);
    assert.match(passed.stdout, new RegExp(`3 tests passed with ${CHECKPOINT}\\.`));

    write({ name: 'first', documents: [row.top[0]] }, { name: 'deep', documents: [row.top[9], 'nothing'], k: 5 });
    const failed = await recR1(...arguments_);
    assert.equal(failed.status, 1);
    assert.equal(failed.stderr, `1 of 2 tests failed with ${CHECKPOINT}: deep.\n`);
    assert.match(failed.stdout, /All of 2 must be in the first 5, but P\d+ is at 10, nothing is not found\./);
    assert.match(failed.stdout, new RegExp(`1\\. ${row.top[0]}  \\S`));

    write({ documents: row.top });
    const [result] = (await recR1Json(...arguments_)) as { passed: boolean; found: { rank: number }[] }[];
    assert.equal(result.passed, true);
    assert.deepEqual(
      result.found.map(({ rank }) => rank),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
  });
});
