/** @file Real data sets opened, imported and scored. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTask } from '../../src/data/open-task.ts';
import { SPLITS, type Task } from '../../src/data/task.ts';
import { recR1Json } from '../fixtures/command-line.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

function sizes({ documents, examples }: Task): number[] {
  return [documents.length, ...SPLITS.map((split) => examples[split].length)];
}

describe('real data', () => {
  it('opens Cranfield with all its judged queries', async (test) => {
    const dir = sharedData(test, 'cranfield');
    if (dir === undefined) return;
    const task = await openTask(dir);
    const [documents, ...examples] = sizes(task);
    assert.equal(documents, 1400);
    assert.equal(examples[0] + examples[1] + examples[2], 225);
    assert.ok(task.examples.train.some(({ relevant }) => [...relevant.values()].includes(4)));
  });

  it('imports the beauty histories, and the task opens again as it was', async (test) => {
    const dir = sharedData(test, 'amazon-beauty');
    if (dir === undefined) return;
    const out = join(temporaryFolder(test), 'beauty');
    const [summary] = await recR1Json('import', '--from', dir, '--out', out);
    const task = await openTask(dir);
    const again = await openTask(out);
    assert.deepEqual(sizes(task), [3680, 507, 124, 619]);
    assert.deepEqual(again.examples, task.examples);
    assert.deepEqual(again.documents, task.documents);
    assert.equal(again.kind, 'sequence');
    assert.deepEqual(summary, {
      task: out,
      kind: 'sequence',
      documents: 3680,
      examples: { train: 507, validation: 124, test: 619 },
      notes: task.notes,
    });
  });

  it('scores the released rewrites: Rec-R1 well before GPT-4o', async (test) => {
    const dir = sharedData(test, 'amazon-beauty');
    if (dir === undefined) return;
    const rewrites = join(dir, 'released-rewrites');
    const common = ['score', '--task', dir, '--split', 'test', '--outputs'];
    const [recR1] = await recR1Json(...common, join(rewrites, 'rec-r1.inductive.jsonl'), '--bare');
    const [gpt4o] = await recR1Json(...common, join(rewrites, 'gpt-4o.inductive.jsonl'));
    for (const scoring of [recR1, gpt4o]) {
      const { rows, skipped } = scoring as { rows: { _id: string }[]; skipped: number };
      assert.deepEqual([rows.length, skipped], [619, 381]);
      assert.equal(new Set(rows.map(({ _id }) => _id)).size, 619);
    }
    const ndcg = (scoring: unknown): number => (scoring as { metrics: Record<string, number> }).metrics['ndcg@10'];
    assert.ok(ndcg(recR1) > 2 * ndcg(gpt4o), `${ndcg(recR1)} against ${ndcg(gpt4o)}`);
  });
});
