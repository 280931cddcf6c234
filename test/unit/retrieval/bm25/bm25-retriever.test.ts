import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildBm25Index, searchBm25 } from '../../../../src/retrieval/bm25/bm25.ts';
import { type Bm25RetrieverOptions, bm25Retriever } from '../../../../src/retrieval/bm25/bm25-retriever.ts';
import { rankJudged } from '../../../../src/retrieval/judged.ts';
import type { SearchOutcome } from '../../../../src/retrieval/retriever.ts';
import { hostileCorpus, hostileQueries } from '../../../golden/hostile.ts';

const SHOP = [
  { id: 'd1', title: '', text: 'red running shoes' },
  { id: 'd2', title: '', text: 'running in red and blue shoes' },
  { id: 'd3', title: '', text: 'a red hat, not shoes' },
  { id: 'd4', title: '', text: 'blue hat' },
];

function retriever(
  options: Bm25RetrieverOptions = { syntax: 'lucene' },
  positions = true,
): ReturnType<typeof bm25Retriever> {
  return bm25Retriever(buildBm25Index(SHOP, undefined, { positions }), options);
}

async function found(query: string): Promise<string[]> {
  const [outcome] = await retriever().search([query], 10);
  assert.equal(outcome.kind, 'hits', query);
  return outcome.hits.map(({ id }) => id).sort();
}

function noteOf(outcome: SearchOutcome): string | undefined {
  return outcome.kind === 'hits' ? outcome.note : undefined;
}

describe('bm25Retriever in Lucene’s syntax', () => {
  it('requires, forbids and offers', async () => {
    assert.deepEqual(await found('red AND running'), ['d1', 'd2']);
    assert.deepEqual(await found('red NOT running'), ['d3']);
    assert.deepEqual(await found('hat OR running'), ['d1', 'd2', 'd3', 'd4']);
    assert.deepEqual(await found('(hat OR running) AND blue'), ['d2', 'd4']);
    assert.deepEqual(await found('-red'), []);
  });

  it('finds phrases word by word, stop words as gaps, with slop out of order', async () => {
    assert.deepEqual(await found('"red running shoes"'), ['d1']);
    assert.deepEqual(await found('"running the red"'), ['d2']);
    assert.deepEqual(await found('"running red"'), []);
    assert.deepEqual(await found('"running red"~1'), ['d2']);
    assert.deepEqual(await found('"running red"~2'), ['d1', 'd2']);
  });

  it('scores a phrase like one term whose weight is the sum of its words’', async () => {
    // N = 4; "red" is in 3 documents, "run" in 2; d1 has 3 words, 2.75 the mean; the phrase occurs once.
    const idf = (containing: number): number => Math.log(1 + (4 - containing + 0.5) / (containing + 0.5));
    const weight = idf(3) + idf(2);
    const words = [3, 4, 3, 2].reduce((a, b) => a + b) / 4;
    const expected = weight - weight / (1 + 1 / (1.2 * (0.25 + (0.75 * 3) / words)));
    const [outcome] = await retriever().search(['"red running"'], 1);
    assert.ok(outcome.kind === 'hits' && Math.abs(outcome.hits[0].score - expected) < 1e-6);
  });

  it('keeps documents that match with a score of 0, after all others', async () => {
    const [outcome] = await retriever().search(['hat^0 blue'], 10);
    assert.ok(outcome.kind === 'hits');
    assert.deepEqual(outcome.hits.map(({ id, score }) => [id, score > 0]), [['d4', true], ['d2', true], ['d3', false]]); // prettier-ignore
  });

  it('scores with numbers, however large or deep boosts are', async () => {
    const huge = '9'.repeat(38);
    const queries = [
      `((red^${huge})^${huge})^${huge} hat`,
      `((red^${huge})^${huge})^0 hat`,
      `(red (hat^${huge})^0)^${huge}`,
    ];
    for (const outcome of await retriever().search(queries, 10)) {
      assert.ok(outcome.kind === 'hits' && outcome.hits.every(({ score }) => Number.isFinite(score)));
    }
  });

  it('searches what is malformed or not supported as plain words, and says so', async () => {
    const plain = retriever({ syntax: 'words' });
    const queries = ['red/blue hat', '"red hat', 'title: red', 'red~ hat'];
    const [inSyntax, inWords] = [await retriever().search(queries, 10), await plain.search(queries, 10)];
    inSyntax.forEach((outcome, i) => {
      const expected = inWords[i];
      assert.ok(outcome.kind === 'hits' && expected.kind === 'hits');
      assert.deepEqual(outcome.hits, expected.hits);
    });
    assert.deepEqual(inSyntax.map(noteOf), [
      'This is not valid query syntax, for a slash stands alone (a pair of them encloses a regular expression); it was searched as plain words.',
      'This is not valid query syntax, for a quotation mark is never closed; it was searched as plain words.',
      'This query has the field “title:”, which is not supported; it was searched as plain words.',
      'This query has the fuzzy word red~, which is not supported; it was searched as plain words.',
    ]);
    assert.deepEqual((await retriever().search(['red AND hat'], 10)).map(noteOf), [undefined]);
  });

  it('ranks words without operators as plain words do, for hostile queries', async () => {
    const index = buildBm25Index(hostileCorpus());
    const queries = hostileQueries().map((query) => `${query} ^`); // malformed, all of them
    const outcomes = await bm25Retriever(index, { syntax: 'lucene' }).search(queries, 100);
    outcomes.forEach((outcome, i) => {
      assert.deepEqual(outcome.kind === 'hits' && outcome.hits, searchBm25(index, queries[i], 100));
    });
  });

  it('gives the same ranks of judged documents as its lists do', async () => {
    const ranking = retriever();
    const listing = { name: ranking.name, search: ranking.search.bind(ranking) };
    const judged = ['red -hat', '"red running" OR hat', 'blue^0 hat', 'red/', '-red'].map((query) => ({
      query,
      judged: ['d1', 'd3', 'd4', 'd9'],
      leftOut: ['d2'],
    }));
    assert.deepEqual(await rankJudged(ranking, judged, 3), await rankJudged(listing, judged, 3));
  });

  it('answers queries that mean the same from its cache', async () => {
    const queries = ['red AND hat', '+hat +RED', '+red^1.0 +(hat)', 'red hat'];
    const lists = (await retriever().search(queries, 10)).map((outcome) => outcome.kind === 'hits' && outcome.hits);
    assert.equal(lists[1], lists[0]);
    assert.equal(lists[2], lists[0]);
    assert.notDeepEqual(lists[3], lists[0]);
  });

  it('fails for a phrase without positions in the index, and only then', async () => {
    const [phrase, words] = await retriever({ syntax: 'lucene' }, false).search(['"red hat"', 'red AND hat'], 10);
    assert.ok(phrase.kind === 'failed' && /no word positions.*rec-r1 index --positions/.test(phrase.message));
    assert.equal(words.kind, 'hits');
  });

  it('names the syntax, and refuses it together with the paper’s wrapper', () => {
    assert.equal(retriever().name, 'bm25(k1=1.2,b=0.75,lucene syntax)');
    assert.throws(() => retriever({ syntax: 'lucene', paperWrapper: true }), /wrapper is for plain words/);
  });
});
