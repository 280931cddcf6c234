import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openTask } from '../../../src/data/open-task.ts';
import { dataFolder, jsonLines, refuses } from '../../fixtures/data-folder.ts';

const POOL = jsonLines([
  ...['Games', 'Baby', 'Pet', 'Pet', 'Home', 'Home', 'Tools', 'Tools'].map((category, i) => ({
    item_id: `B${i}`,
    category,
    metadata: `Item ${i}. Its description.`,
  })),
  { item_id: 'B0', category: 'Games', metadata: 'Item 0 again.' },
]);
const HEADER = 'qid,query,item_id,user_id,ori_rating,ori_review\n';
const rows = [0, 1, 2, 3, 4, 5, 6, 9].map(
  (i) => `${i},"I want item ${i}, please.",B${i},U,5.0,"It ""works"".\n\nYes."\n`,
);
const REQUESTS = HEADER + rows.join('');

describe('openTask on Amazon-C4', () => {
  it('tests on the paper’s four categories and trains on the others, the last of them for validation', async (test) => {
    const dir = dataFolder(test, {
      'sampled_item_metadata_1M.jsonl.gz': gzipSync(POOL),
      'test.csv': REQUESTS,
    });
    const { documents, examples, notes } = await openTask(dir);
    assert.equal(documents.length, 8);
    assert.deepEqual(documents[2], { id: 'B2', title: '', text: 'Item 2. Its description.' });
    const ids = (split: 'train' | 'validation' | 'test'): string[] => examples[split].map(({ id }) => id);
    assert.deepEqual([ids('train'), ids('validation'), ids('test')], [['2', '3', '4', '5'], ['6'], ['0', '1']]);
    assert.deepEqual(examples.test[1], { id: '1', query: 'I want item 1, please.', relevant: new Map([['B1', 1]]) });
    assert.match(
      notes.join(' '),
      /earlier one has their id: 1\..*Games, Baby, Office, Sports are for testing.*the last 1 for val.*item is not in the pool: 1 of 8/,
    );
  });

  it('reads requests that come as queries with their targets', async (test) => {
    const dir = dataFolder(test, {
      'sampled_item_metadata_1M.jsonl': POOL,
      'queries/Baby.jsonl': jsonLines([{ _id: '1', text: 'something for a baby', relevant: ['B1'] }]),
      'queries/Games.jsonl': jsonLines([{ _id: '1', text: 'a game', relevant: ['B0'] }]),
    });
    const { examples, notes } = await openTask(dir);
    assert.deepEqual(examples.test.map(({ id }) => id), ['Baby/1', 'Games/1']); // prettier-ignore
    assert.match(notes.join(' '), /nothing to train on/);
  });

  it('names what is wrong', async (test) => {
    const folder = (files: Record<string, string>): string =>
      dataFolder(test, { 'sampled_item_metadata_1M.jsonl': POOL, 'test.csv': REQUESTS, ...files });
    await refuses(folder({ 'test.csv': `${REQUESTS}3,x,B1,U,5,x\n` }), /test\.csv, line 26: qid "3" was already used/);
    await refuses(
      folder({ 'test.csv': 'qid,query\n1,x\n' }),
      /test\.csv, line 2: "item_id" must be an id.*got nothing/,
    );
    await refuses(folder({ 'sampled_item_metadata_1M.jsonl': '{"item_id":"B0"}' }), /line 1: "category" must be text/);
    await refuses(dataFolder(test, { 'sampled_item_metadata_1M.jsonl': POOL }), /has no requests; put test\.csv/);
  });
});
