import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkIndex, checkReward } from '../../../src/app/pre-flight-checks.ts';
import type { Document, Example, Task } from '../../../src/data/task.ts';
import { buildBm25Index } from '../../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../../src/retrieval/bm25/bm25-retriever.ts';
import type { Retriever } from '../../../src/retrieval/retriever.ts';

const documents: readonly Document[] = ['steel pan', 'glass lid', 'iron wok', 'clay cup'].map((title, i) => ({
  id: `d${i}`,
  title,
  text: '',
}));
const example = (query: string, id: string, absent?: string): Example => ({
  id: query,
  query,
  relevant: new Map([[id, 1]]),
  ...(absent !== undefined && { absent: new Map([[absent, 1]]) }),
});
const EXAMPLES = [example('pan to fry in', 'd0'), example('a cover', 'd1')];
const task: Task = {
  name: 'kitchen',
  dir: '/tasks/kitchen',
  kind: 'search',
  documents,
  examples: { train: EXAMPLES, validation: EXAMPLES, test: [] },
  notes: [],
};
const shop = bm25Retriever(buildBm25Index(documents));
/** The same shop under other ids, as a server whose ids are not those of the judgments. */
const renamed: Retriever = {
  name: 'renamed',
  search: async (queries, limit) =>
    (await shop.search(queries, limit)).map((outcome) =>
      outcome.kind === 'hits'
        ? { kind: 'hits', hits: outcome.hits.map((hit) => ({ ...hit, id: `x${hit.id}` })) }
        : outcome,
    ),
};
const SHAPE = { k: 10, malformed: -2, miss: 0, format: 0.1 };

describe('checkIndex', () => {
  it('says what queries as typed get, and that all is in order', async () => {
    const { problems, details } = await checkIndex(task, EXAMPLES, shop, 10);
    assert.deepEqual(problems, []);
    assert.deepEqual(details, {
      judged: 2,
      missing: 0,
      firstMissing: undefined,
      ndcg: 0.5,
      ceiling: 1,
      foundByTitle: 1,
    });
  });

  it('names a judged document that the corpus lacks, and what no ranking can then exceed', async () => {
    const { problems, details } = await checkIndex(task, [example('pan', 'd0', 'gone')], shop, 10);
    const ceiling = 1 / (1 + 1 / Math.log2(3)); // the first of two places
    assert.equal(details['missing'], 1);
    assert.ok(Math.abs(Number(details['ceiling']) - ceiling) < 1e-9);
    assert.match(problems.join(), /No ranking can have more than NDCG@10 0\.613: judged documents such as "gone"/);
  });

  it('sees that a recommender has other ids than the judgments', async () => {
    const { problems } = await checkIndex(task, EXAMPLES, renamed, 10);
    assert.match(problems[0], /only 0 % come back: do the recommender's ids and those of the judgments agree\?/);
    assert.equal(problems[1], 'No query as typed finds anything relevant.');
  });
});

describe('checkReward', () => {
  let clock = 0;
  const now = (): number => (clock += 8);

  it('pays a relevant title more than the query as typed, and times it', async () => {
    const { problems, details } = await checkReward(task, EXAMPLES, shop, SHAPE, now);
    assert.deepEqual(problems, []);
    assert.deepEqual(details, { answers: 4, typed: 0.55, good: 1.1, millisPerAnswer: 2, failed: 0 });
  });

  it('flags rewards that are all the same, and those that fail', async () => {
    assert.match((await checkReward(task, EXAMPLES, renamed, SHAPE, now)).problems.join(), /same reward, 0: nothing/);
    const down: Retriever = {
      name: 'down',
      search: (queries) => Promise.resolve(queries.map(() => ({ kind: 'failed', message: 'timed out' }))),
    };
    const { problems } = await checkReward(task, EXAMPLES, down, SHAPE, now);
    assert.deepEqual(problems, ['4 of 4 answers have no reward, the first with: timed out']);
  });

  it('puts the relevant candidates first in re-ranking', async () => {
    const candidates = documents.map(({ id, title }) => ({ id, text: title }));
    const rerank = { ...example('a cover', 'd1'), candidates };
    const { details } = await checkReward({ ...task, kind: 'rerank' }, [rerank], shop, SHAPE, now);
    assert.ok(Math.abs(Number(details['typed']) - (0.1 + 1 / Math.log2(3))) < 1e-9);
    assert.equal(details['good'], 1.1);
  });
});
