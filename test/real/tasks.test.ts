/** @file Real data sets opened, imported and scored. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Scoring } from '../../src/app/score.ts';
import { openTask } from '../../src/data/open-task.ts';
import { SPLITS, type Task } from '../../src/data/task.ts';
import { recR1Json } from '../fixtures/command-line.ts';
import { dataFolder, jsonLines } from '../fixtures/data-folder.ts';
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

  it('cuts the released beauty sequences out of the purchases that they were cut from', async (test) => {
    const dir = sharedData(test, 'amazon-beauty');
    if (dir === undefined) return;
    const released = readRows(join(dir, 'sequences/inductive-test.jsonl')) as readonly Sequence[];
    const byUser = [...Map.groupBy(released, ({ user_id }) => user_id).values()].filter(areOneHistory);
    assert.ok(byUser.length > 770, String(byUser.length));
    const folder = dataFolder(test, {
      'meta_All_Beauty.jsonl': jsonLines(readRows(join(dir, 'corpus.jsonl')).map(({ _id, title }) => ({ parent_asin: _id, title }))), // prettier-ignore
      'All_Beauty.jsonl': jsonLines(byUser.flatMap(purchasesOf)),
    });
    const { examples } = await openTask(folder);
    assert.ok(examples.test.length > 600, String(examples.test.length));
    const key = (history: readonly string[], target: string): string => [...history, target].join(' ');
    const found = new Set(examples.test.map(({ history, relevant }) => key(history!, [...relevant.keys()][0])));
    const items = new Set(readRows(join(dir, 'corpus.jsonl')).map(({ _id }) => _id as string));
    const whole = byUser.flat().filter(({ history, target }) => [...history, target].every((id) => items.has(id)));
    assert.ok(whole.length > 500, String(whole.length));
    for (const { history, target } of whole) assert.ok(found.has(key(history, target)), key(history, target));
  });

  it('reads the Amazon-C4 requests beside a pool of items', async (test) => {
    const dir = sharedData(test, 'amazon-c4');
    if (dir === undefined) return;
    const names = ['Baby', 'Office', 'Sports', 'Video_Games'];
    const files = names.map((name) => [name, readFileSync(join(dir, 'queries', `${name}.jsonl`), 'utf8')] as const);
    const pool = names.flatMap((name) =>
      (readRows(join(dir, 'queries', `${name}.jsonl`)) as { text: string; relevant: string[] }[]).map((row) => ({
        item_id: row.relevant[0],
        category: name === 'Video_Games' ? 'Games' : name,
        metadata: row.text,
      })),
    );
    const { examples } = await openTask(
      dataFolder(test, {
        'sampled_item_metadata_1M.jsonl': jsonLines(pool),
        ...Object.fromEntries(files.map(([name, text]) => [`queries/${name}.jsonl`, text])),
      }),
    );
    assert.deepEqual([examples.train.length, examples.validation.length, examples.test.length], [0, 0, 1722]);
  });

  it('scores all 25 systems of the released ESCI answers, each answer by its own targets', async (test) => {
    const dir = sharedData(test, 'esci');
    if (dir === undefined) return;
    const outputs = join(dir, 'released-outputs.jsonl');
    const targets = new Set(readRows(outputs).flatMap(({ relevant }) => relevant as string[]));
    const task = dataFolder(test, {
      'corpus.jsonl': jsonLines([...targets].map((id) => ({ _id: id, title: id, text: '' }))),
      'queries/train.jsonl': readFileSync(join(dir, 'queries/train.jsonl')),
      'queries/Video_Games.jsonl': readFileSync(join(dir, 'queries/Video_Games.jsonl')),
    });
    const [scoring] = await recR1Json('score', '--task', task, '--outputs', outputs, '--bare', '--by', 'system');
    const { rows, groups, skipped } = scoring as Pick<Scoring, 'rows' | 'groups' | 'skipped'>;
    assert.deepEqual([rows.length, groups.length, skipped], [4891, 25, 0]);
  });
});

type Sequence = Record<'history', string[]> & Record<'user_id' | 'target', string>;

function readRows(file: string): readonly Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const TEST_FROM = 1_658_002_729_837;

function longest(own: readonly Sequence[]): readonly string[] {
  const { history, target } = own.reduce((a, b) => (b.history.length > a.history.length ? b : a));
  return [...history, target];
}

/** Whether all sequences of a user begin as the longest does; of 794 users some contradict themselves. */
function areOneHistory(own: readonly Sequence[]): boolean {
  const items = longest(own);
  return own.every(({ history, target }) => [...history, target].every((id, i) => items[i] === id));
}

/** The reviews that a user's sequences were cut from. */
function purchasesOf(own: readonly Sequence[]): object[] {
  const { user_id } = own[0];
  return longest(own).map((parent_asin, i) => ({ user_id, parent_asin, timestamp: TEST_FROM + i, rating: 5 }));
}
