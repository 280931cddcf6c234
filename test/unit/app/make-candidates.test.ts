import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { importTask } from '../../../src/app/import-task.ts';
import { type CandidatesSummary, makeCandidates } from '../../../src/app/make-candidates.ts';
import { openTask } from '../../../src/data/open-task.ts';
import { buildBm25Index } from '../../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../../src/retrieval/bm25/bm25-retriever.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';

const PANS = ['red pan', 'pan', 'iron pan pan', 'lid', 'cup'].map((title) => ({ _id: title, title, text: '' }));

async function candidatesOf(test: TestContext, depth: number): Promise<[out: string, summary: CandidatesSummary]> {
  const dir = dataFolder(test, {
    'corpus.jsonl': jsonLines(PANS),
    'queries.jsonl': jsonLines(['pan', 'lid', 'tea'].map((text) => ({ _id: text, text }))),
    // Nothing finds the cup for "tea", and one candidate alone has no order.
    'qrels/train.tsv': 'pan\tred pan\t2\npan\tcup\t1\ntea\tcup\t1\n',
    'qrels/validation.tsv': '',
    'qrels/test.tsv': 'lid\tlid\t1\n',
  });
  const out = join(dir, 'rerank');
  const task = await openTask(dir);
  return [out, await makeCandidates(task, bm25Retriever(buildBm25Index(task.documents)), depth, out)];
}

describe('makeCandidates', () => {
  it('keeps the queries with a relevant candidate and what was retrieved for them, in its order', async (test) => {
    const [out, summary] = await candidatesOf(test, 16);
    const { kind, documents, examples, notes } = await openTask(out);
    assert.deepEqual([kind, notes], ['rerank', []]);
    assert.deepEqual(documents.map(({ id }) => id), ['red pan', 'pan', 'iron pan pan']); // prettier-ignore
    const candidates = ['pan', 'iron pan pan', 'red pan'].map((id) => ({ id, text: id }));
    assert.deepEqual(examples.train, [{ id: 'pan', query: 'pan', candidates, relevant: new Map([['red pan', 2]]) }]);
    assert.deepEqual(summary.queries, { train: 2, validation: 0, test: 1 });
    assert.deepEqual(summary.examples, { train: 1, validation: 0, test: 0 });
    assert.equal(summary.originalOrder.train, 1 / Math.log2(4)); // at rank 3
  });

  it('retrieves no deeper than it is told', async (test) => {
    await assert.rejects(candidatesOf(test, 2), /bm25.* finds nothing relevant for any query of /);
  });

  it('makes no candidates of a task that has them already', async (test) => {
    const [out] = await candidatesOf(test, 16);
    const task = await openTask(out);
    const again = makeCandidates(task, bm25Retriever(buildBm25Index(task.documents)), 16, join(out, 'again'));
    await assert.rejects(again, /is a rerank task; candidates are made from the queries of a search task/);
    assert.equal(readdirSync(out).includes('again'), false);
  });
});

describe('importTask', () => {
  it('keeps candidates, categories, and a prompt of the task’s own with its fields', async (test) => {
    const dir = dataFolder(test, {
      'corpus.jsonl': jsonLines(PANS.map((row) => ({ ...row, category: 'kitchen' }))),
      'queries.jsonl': jsonLines([{ _id: 'q1', text: 'pan', colour: 'red', note: 'dropped' }]),
      'qrels/test.tsv': 'q1\tred pan\t2\n',
      'candidates.jsonl': jsonLines([{ _id: 'q1', candidates: ['pan', 'red pan'] }]),
      'prompt.json': '{"user":"{colour} {text}","answerKey":"search"}',
    });
    await importTask(dir, join(dir, 'out'));
    const [before, after] = await Promise.all([openTask(dir), openTask(join(dir, 'out'))]);
    assert.deepEqual(after.examples, before.examples);
    assert.deepEqual(after.documents, before.documents);
  });
});
