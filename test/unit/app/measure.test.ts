import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { measureLists, parseMetrics } from '../../../src/app/measure.ts';
import type { Gain } from '../../../src/retrieval/metrics.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';

async function ndcg(test: TestContext, relevant: unknown, gain?: Gain, duplicates: 'removed' | 'paper' = 'removed') {
  const file = join(dataFolder(test, { 'run.jsonl': jsonLines([{ _id: 1, retrieved: ['x', 'a', 'b'], relevant }]) }), 'run.jsonl'); // prettier-ignore
  return (await measureLists(file, parseMetrics(['ndcg@10']), duplicates, gain)).metrics['ndcg@10'];
}

describe('measureLists', () => {
  it('reads grades by id, which pay by the gain that is asked for', async (test) => {
    const grades = { a: 1, b: 3, c: 0 };
    const [second, third] = [1 / Math.log2(3), 1 / 2];
    assert.equal(await ndcg(test, grades), (1 * second + 3 * third) / (3 + 1 * second));
    assert.equal(await ndcg(test, grades, 'exponential'), (1 * second + 7 * third) / (7 + 1 * second));
    assert.equal(await ndcg(test, grades, 'binary'), (second + third) / (1 + second));
  });

  it('reads plain ids, of which one that is listed twice counts by the rule', async (test) => {
    const [second, third] = [1 / Math.log2(3), 1 / 2];
    assert.equal(await ndcg(test, ['a', 'a']), second);
    assert.equal(await ndcg(test, ['a', 'a', 'b'], 'linear', 'paper'), (second + third) / (1 + second + third));
  });

  it('names what is wrong', async (test) => {
    await assert.rejects(
      ndcg(test, { a: 'high' }),
      /line 1: the grade of "a" in "relevant" must be a number, got "high"/,
    );
    await assert.rejects(ndcg(test, 'a'), /line 1: "relevant" must be a list of ids, got "a"/);
  });
});
