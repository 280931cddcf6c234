import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRunReader } from '../../../src/runs/reader.ts';
import { compareRecorded } from '../../../src/runs/recorded-comparison.ts';
import { writeDemoRun } from '../../fixtures/demo-run.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('checkpoints that training evaluated are compared by what it recorded, others are not', async (t) => {
  const dir = join(temporaryFolder(t), 'run');
  writeDemoRun(dir, 20).close();
  const reader = openRunReader(dir);
  t.after(() => {
    reader.close();
  });
  const events = reader.eventsAfter(0).filter((event) => event.kind === 'evaluation');
  const asTyped = events[2].evaluation.baseline['ndcg@10'];
  const means = events.map(({ evaluation }) => evaluation.metrics['ndcg@10']);

  const question = { a: 'step-000000', b: 'step-000020', split: 'validation' } as const;
  const comparison = await compareRecorded(reader, question, statisticsOf);
  assert.ok(comparison);
  assert.ok(Math.abs(comparison.difference - (means[2] - means[0])) < 1e-12);
  assert.equal(comparison.rows.length, 4);

  const raw = await compareRecorded(reader, { ...question, a: 'raw' }, statisticsOf);
  assert.ok(Math.abs(raw!.meanA - asTyped) < 1e-12);
  assert.equal(raw!.rows[0].a.rewrite, raw!.rows[0].query);

  assert.equal(await compareRecorded(reader, { ...question, split: 'test' }, statisticsOf), null);
  assert.equal(await compareRecorded(reader, { ...question, a: 'step-000007' }, statisticsOf), null);
});
