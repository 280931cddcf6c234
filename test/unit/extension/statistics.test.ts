import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { statisticsInThread } from '../../../src/extension/statistics.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';

const METRICS = [
  { a: [0, 0.5, 1, 0.25], b: [0.5, 0.5, 1, 0.75] },
  { a: [1, 1, 0, 1], b: [0, 1, 1, 1] },
];

test('statistics of a thread are those of this one', async () => {
  const inThread = statisticsInThread(packageRoot());
  assert.deepEqual(await inThread(METRICS, 0.1), await statisticsOf(METRICS, 0.1));
});

test('a thread that cannot start says so', async () => {
  await assert.rejects(statisticsInThread('/nowhere')(METRICS, 0), /Cannot find module/);
});
