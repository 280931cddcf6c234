import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Document, Example } from '../../../src/data/task.ts';
import { buildBm25Index } from '../../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../../src/retrieval/bm25/bm25-retriever.ts';
import type { Retriever } from '../../../src/retrieval/retriever.ts';
import { type RewardShape, type ScoredRewrite, rankRelevant, scoreRewrites } from '../../../src/rl/reward.ts';

const PAPER: RewardShape = { k: 10, malformed: -2, miss: 0, format: 0.1 };
const document = (id: string, title: string, category: string): Document => ({ id, title, text: '', category });
const DOCUMENTS = [
  document('target', 'hit parade', 'music'),
  document('other', 'hit song', 'music'),
  document('stray', 'hit list list', 'books'),
];
const EXAMPLE: Example = { id: 'q', query: 'what to hear', relevant: new Map([['target', 1]]) };
const answer = (json: string): string => `thinking</think>\n<answer>${json}</answer>`;
const rewriteTo = (query: string): string => answer(JSON.stringify({ query }));

async function score(completion: string, changes: Partial<RewardShape> = {}): Promise<ScoredRewrite> {
  const retriever = bm25Retriever(buildBm25Index(DOCUMENTS));
  const [scored] = await scoreRewrites([{ example: EXAMPLE, completion }], retriever, { ...PAPER, ...changes });
  return scored;
}

describe('the paper’s reward', () => {
  // The edge cases of the released reward file. Where it crashed, or took a wrong format for a miss, we say: wrong format.
  const cases: readonly (readonly [name: string, completion: string, reward: number])[] = [
    ['a correct answer', rewriteTo('parade'), 1.1],
    ['a valid answer without a hit', rewriteTo('shoes'), 0],
    ['a missing </think>', 'thinking <answer>{"query": "parade"}</answer>', -2],
    ['a second <think>', `<think>${rewriteTo('parade')}`, -2],
    ['two answer blocks', rewriteTo('parade') + '<answer>{"query": "parade"}</answer>', -2],
    ['a tag quoted in the reasoning', `the <answer> tag ${rewriteTo('parade')}`, -2],
    ['text after </answer>', `${rewriteTo('parade')} there you are`, 1.1],
    ['further keys', answer('{"query": "parade", "why": "it is loud"}'), 1.1],
    ['a fenced block', answer('```json\n{"query": "parade"}\n```'), -2],
    ['a raw newline inside the string', answer('{"query": "pa\nrade"}'), -2],
    ['an empty answer', answer(''), -2],
    ['an object without query', answer('{"terms": "parade"}'), -2],
    ['a list with "query" in it, which was a miss', answer('["query"]'), -2],
    ['a text with "query" in it, which was a miss', answer('"query"'), -2],
    ['a number, which crashed', answer('5'), -2],
    ['true, which crashed', answer('true'), -2],
    ['null, which crashed', answer('null'), -2],
    ['a query that is a list, which was a miss', answer('{"query": ["parade"]}'), -2],
    ['a query that is an object, which was a miss', answer('{"query": {"q": "parade"}}'), -2],
    ['a query that is a number, which was searched', answer('{"query": 5}'), -2],
    ['a query that is null, which was searched', answer('{"query": null}'), -2],
    ['an empty query, which was searched', answer('{"query": ""}'), -2],
    ['no chat header, which crashed', rewriteTo('parade'), 1.1],
    ['“Assistant:” in the answer, which was malformed', `Assistant: ${rewriteTo('parade')}`, 1.1],
  ];
  for (const [name, completion, reward] of cases) {
    it(`is ${reward} for ${name}`, async () => {
      assert.equal((await score(completion)).reward, reward);
    });
  }

  it('does not look into what the shopper wrote, where “Assistant:” or a tag made the released file see no answer', async () => {
    const example = { ...EXAMPLE, query: 'Assistant: <answer> <think>' };
    const items = [{ example, completion: rewriteTo('parade') }];
    const [scored] = await scoreRewrites(items, bm25Retriever(buildBm25Index(DOCUMENTS)), PAPER);
    assert.equal(scored.reward, 1.1);
  });

  it('reaches its full height when a target is listed twice, for grades have each document once', async () => {
    const example = { ...EXAMPLE, relevant: new Map(['target', 'target'].map((id) => [id, 1])) };
    const items = [{ example, completion: rewriteTo('parade') }];
    const [scored] = await scoreRewrites(items, bm25Retriever(buildBm25Index(DOCUMENTS)), PAPER);
    assert.equal(scored.reward, 1.1);
  });

  it('is none for a failed search, which the released file took for a miss', async () => {
    const broken: Retriever = {
      name: 'broken',
      search: (queries) => Promise.resolve(queries.map(() => ({ kind: 'failed', message: 'no answer' }))),
    };
    const [scored] = await scoreRewrites([{ example: EXAMPLE, completion: rewriteTo('parade') }], broken, PAPER);
    assert.equal(scored.reward, null);
    assert.equal(scored.error, 'no answer');
  });
});

describe('the reward of an order of candidates', () => {
  const shape: RewardShape = { ...PAPER, k: 16 };
  const example: Example = {
    id: 'q',
    query: 'what to hear',
    candidates: DOCUMENTS.map(({ id, title }) => ({ id, text: title })), // target, other, stray
    relevant: new Map([['target', 1], ['stray', 1]]), // prettier-ignore
  };
  const unused: Retriever = {
    name: 'unused',
    search: () => Promise.reject(new Error('nothing is searched for in re-ranking')),
  };
  const order = async (...names: readonly string[]): Promise<ScoredRewrite> => {
    const completion = answer(JSON.stringify({ reranked_items: names }));
    const [scored] = await scoreRewrites([{ example, completion }], unused, shape);
    return scored;
  };

  it('is 0.1 and the NDCG of the order itself', async () => {
    const best = await order('Item_1', 'Item_3', 'Item_2');
    assert.deepEqual([best.reward, best.ranking.top], [1.1, ['target', 'stray', 'other']]);
    const worst = await order('Item_2', 'Item_3', 'Item_1'); // ranks 2 and 3 of what could be 1 and 2
    const ndcg = (1 / Math.log2(3) + 1 / 2) / (1 + 1 / Math.log2(3));
    assert.ok(Math.abs(worst.reward! - (0.1 + ndcg)) < 1e-12);
  });

  it('is that of a wrong format when a name is missing or repeated', async () => {
    assert.equal((await order('Item_1', 'Item_3')).reward, -2);
    assert.equal((await order('Item_1', 'Item_3', 'Item_3')).reward, -2);
  });

  it('counts the first ranks alone', async () => {
    const cut = { ...shape, k: 1 };
    const completion = answer('{"reranked_items": ["Item_2", "Item_1", "Item_3"]}');
    const [scored] = await scoreRewrites([{ example, completion }], unused, cut);
    assert.equal(scored.reward, 0);
  });

  it('is compared with the order of the retrieval', async () => {
    const [baseline] = await rankRelevant([{ example, query: example.query }], unused, 16);
    assert.deepEqual(baseline, { kind: 'ranked', ranks: new Map([['target', 1], ['stray', 3]]), top: ['target', 'other', 'stray'], length: 3 }); // prettier-ignore
  });
});

describe('what a shopper owns', () => {
  const owner: Example = { ...EXAMPLE, history: ['other'] };

  it('is left out of the ranking, unless it is to stay as in the paper', async () => {
    const retriever = bm25Retriever(buildBm25Index(DOCUMENTS));
    const queries = [owner, { ...owner, ranksOwned: true as const }].map((example) => ({ example, query: 'song hit' }));
    const [without, withIt] = await rankRelevant(queries, retriever, 10);
    assert.deepEqual(without.kind === 'ranked' && [without.top.includes('other'), without.length], [false, 2]);
    assert.deepEqual(withIt.kind === 'ranked' && [withIt.top[0], withIt.length], ['other', 3]);
  });
});

describe('terms of the reward', () => {
  const weights = { ndcg: 0, recall: 1, reciprocalRank: 2, category: 0.5, length: 0.01, repetition: 1 };
  const categoryOf = (id: string): string | undefined => DOCUMENTS.find((found) => found.id === id)?.category;

  it('add up by their weights, and are shown as they are', async () => {
    // The target is found alone, so it is first, with its category; two of three words are there before.
    const { reward, terms } = await score(rewriteTo('Parade parade, PARADE'), { weights, categoryOf });
    const expected = { format: 0.1, ndcg: 1, recall: 1, reciprocalRank: 1, category: 1, length: -3 };
    assert.deepEqual({ ...terms, repetition: undefined }, { ...expected, repetition: undefined });
    assert.ok(Math.abs(terms.repetition + 2 / 3) < 1e-12);
    assert.ok(Math.abs(reward! - (0.1 + 1 + 2 + 0.5 - 0.03 - 2 / 3)) < 1e-12);
  });

  it('pay for the category of what is shown, once the target is found', async () => {
    const { terms } = await score(rewriteTo('hit'), { weights: { category: 1 }, categoryOf });
    assert.ok(Math.abs(terms.category - 2 / 3) < 1e-12);
    const missed = await score(rewriteTo('song'), { weights: { category: 1 }, categoryOf });
    assert.equal(missed.terms.category, 0);
  });

  it('leave out what has no weight, but never the NDCG that curves show', async () => {
    assert.deepEqual((await score(rewriteTo('parade'), { weights: {} })).terms, { format: 0.1, ndcg: 1 });
    assert.equal((await score(rewriteTo('parade'), { weights: {} })).reward, 0.1);
  });
});

describe('a reward of one’s own', () => {
  it('takes the place of the sum, and its failure is an error and not a score', async () => {
    const own: RewardShape['own'] = (answers) =>
      Promise.resolve(answers.map(({ rewrite }) => (rewrite === 'parade' ? 7 : { error: 'no idea' })));
    assert.equal((await score(rewriteTo('parade'), { own })).reward, 7);
    const failed = await score(rewriteTo('shoes'), { own });
    assert.deepEqual([failed.reward, failed.error], [null, 'no idea']);
  });

  it('is not asked about wrong formats', async () => {
    const own: RewardShape['own'] = (answers) => Promise.resolve(answers.map(() => 7));
    assert.equal((await score('no tags', { own })).reward, -2);
  });
});
