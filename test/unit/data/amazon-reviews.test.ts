import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openTask } from '../../../src/data/open-task.ts';
import { dataFolder, jsonLines, refuses } from '../../fixtures/data-folder.ts';

const META = [
  {
    parent_asin: 'A',
    title: 'Pan &amp; lid',
    features: ['Heavy', '<b>black</b>'],
    description: [],
    categories: ['Kitchen'],
  },
  { parent_asin: 'B', title: 'Wok', features: [], description: ['For', 'stir fry'], categories: [] },
  { parent_asin: 'C', title: 'Kettle', features: null, description: null },
  { parent_asin: 'D', title: 'Cup', features: [] },
  { parent_asin: 'unsold', title: 'Spoon' },
];
const TRAIN = 1_600_000_000_000;
const VALIDATION = 1_628_643_414_042;
const TEST = 1_658_002_729_837;
const review = (user_id: string, parent_asin: string, timestamp: number): object =>
  ({ user_id, parent_asin, timestamp, rating: 5, title: 'x', text: 'x' }); // prettier-ignore

const REVIEWS = [
  // Not in order of time; B is bought twice; the item of no metadata was never bought.
  review('u1', 'B', TRAIN + 2),
  review('u1', 'A', TRAIN + 1),
  review('u1', 'B', TRAIN + 9),
  review('u1', 'no metadata', TRAIN + 3),
  review('u1', 'C', TEST),
  // Of one purchase there is no history.
  review('u2', 'A', TEST + 5),
  // Neither of the two was seen in training.
  review('u3', 'C', VALIDATION - 1),
  review('u3', 'D', VALIDATION),
];

function beauty(test: TestContext, reviews: readonly object[] = REVIEWS): string {
  return dataFolder(test, {
    'meta_All_Beauty.jsonl.gz': gzipSync(jsonLines(META)),
    'All_Beauty.jsonl': jsonLines(reviews),
  });
}

describe('openTask on Amazon Reviews 2023', () => {
  it('cuts histories out of purchases in the order of time, split by the data set’s own times', async (test) => {
    const { kind, examples } = await openTask(beauty(test));
    assert.equal(kind, 'sequence');
    assert.deepEqual(examples, {
      train: [{ id: 'u1', query: 'Pan & lid', history: ['A'], relevant: new Map([['B', 1]]) }],
      validation: [{ id: 'u3', query: 'Kettle', history: ['C'], relevant: new Map([['D', 1]]) }],
      test: [{ id: 'u1#2', query: 'Pan & lid\nWok', history: ['A', 'B'], relevant: new Map([['C', 1]]) }],
    });
  });

  it('has the items of the histories as its corpus, without markup', async (test) => {
    const { documents, notes } = await openTask(beauty(test));
    assert.deepEqual(documents, [
      { id: 'A', title: 'Pan & lid', text: 'Heavy, black\nKitchen' },
      { id: 'B', title: 'Wok', text: 'For, stir fry' },
      { id: 'C', title: 'Kettle', text: '' },
      { id: 'D', title: 'Cup', text: '' },
    ]);
    assert.match(notes.join(' '), /they are in no history: 1\./);
  });

  it('evaluates on rows of which no item, or every item, occurs in training', async (test) => {
    const inductive = await openTask(beauty(test), { setting: 'inductive' });
    assert.deepEqual([inductive.examples.validation.length, inductive.examples.test.length], [1, 0]);
    assert.match(inductive.notes.join(' '), /Of 1 test rows 0 inductive are used/);
    const seen = [...REVIEWS, review('u4', 'A', TEST), review('u4', 'B', TEST + 1)];
    const { examples } = await openTask(beauty(test, seen), { setting: 'transductive' });
    assert.deepEqual(examples.test.map(({ id }) => id), ['u4']); // prettier-ignore
  });

  it('keeps at most a thousand rows of a split, the same ones every time, and the newest fifty items', async (test) => {
    const many = Array.from({ length: 1500 }, (_, i) => [
      review(`v${i}`, 'A', TEST + i),
      review(`v${i}`, 'B', TEST + i),
    ]);
    const dir = beauty(test, many.flat());
    const { examples, notes } = await openTask(dir);
    assert.equal(examples.test.length, 1000);
    assert.deepEqual((await openTask(dir)).examples.test, examples.test);
    assert.match(notes.join(' '), /Of 1500 test rows 1000 are used: at most 1000, as in the paper/);
    const long = dataFolder(test, {
      'meta_X.jsonl': jsonLines(Array.from({ length: 60 }, (_, i) => ({ parent_asin: `i${i}`, title: `${i}` }))),
      'X.jsonl': jsonLines(Array.from({ length: 60 }, (_, i) => review('u', `i${i}`, TEST + i))),
    });
    const last = (await openTask(long, { minHistory: 59 })).examples.test;
    assert.deepEqual(last.map(({ history }) => history!.length), [50]); // prettier-ignore
    assert.equal(last[0].history![49], 'i58');
  });

  it('names what is wrong', async (test) => {
    const meta = jsonLines(META);
    await refuses(dataFolder(test, { 'meta_X.jsonl': meta }), /has meta_X\.jsonl but no reviews; put X\.jsonl there/);
    await refuses(
      dataFolder(test, { 'meta_X.jsonl': meta, 'meta_Y.jsonl': meta }),
      /must hold one meta_DOMAIN\.jsonl, and holds 2/,
    );
    await refuses(
      beauty(test, [{ user_id: 'u', parent_asin: 'A' }]),
      /All_Beauty\.jsonl, line 1: "timestamp" must be a/,
    );
    await refuses(beauty(test, [{ user_id: 'u', timestamp: 1 }]), /line 1: "parent_asin" must be an id/);
    await refuses(
      dataFolder(test, {
        'meta_X.jsonl': `${meta}{"parent_asin":"E","title":7}`,
        'X.jsonl': jsonLines([...REVIEWS, review('u3', 'E', TEST)]),
      }),
      /meta_X\.jsonl, line 6: "title" must be text or a list of texts, got 7/,
    );
    await refuses(beauty(test, [review('u', 'A', 1)]), /holds no document/);
  });
});
