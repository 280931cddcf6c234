import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import type { Document } from '../../../src/data/task.ts';
import { buildBm25Index } from '../../../src/retrieval/bm25/bm25.ts';
import { RankPool } from '../../../src/retrieval/bm25/bm25-pool.ts';
import { bm25Retriever } from '../../../src/retrieval/bm25/bm25-retriever.ts';
import { rankJudged } from '../../../src/retrieval/judged.ts';
import type { JudgedQuery, Retriever, SearchOutcome } from '../../../src/retrieval/retriever.ts';

/** What a retriever says that has lists only. */
function listsOf(retriever: Retriever): Retriever {
  return { name: 'lists', search: (queries, limit, signal) => retriever.search(queries, limit, signal) };
}

function listing(...ids: string[]): Retriever {
  const hits = ids.map((id, i) => ({ id, score: -i }));
  return { name: 'fixed', search: async () => Promise.resolve([{ kind: 'hits', hits }]) };
}

interface World {
  readonly documents: readonly Document[];
  readonly queries: readonly JudgedQuery[];
}

/** Few words and short texts, so that scores tie; some documents and some queries have no word. */
function randomWorld(seed: number): World {
  const rng = rngFrom(seed, 'judged');
  const upTo = (most: number): number => Math.floor(rng.next() * (most + 1));
  const words = (most: number): string =>
    Array.from({ length: upTo(most) }, () => `w${upTo(2 + (seed % 17))}`).join(' ');
  const size = upTo(400);
  const ids = (most: number): string[] => Array.from({ length: upTo(most) }, () => `d${upTo(size)}`);
  return {
    documents: Array.from({ length: size }, (_, i) => ({ id: `d${i}`, title: '', text: words(6) })),
    queries: Array.from({ length: 8 }, () => ({
      query: words(9),
      judged: ids(6),
      leftOut: ids(seed % 3 === 0 ? 0 : 20),
    })),
  };
}

describe('rankJudged', () => {
  it('says of BM25 what the lists say: random corpora with ties, limits, histories', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { documents, queries } = randomWorld(seed);
      const retriever = bm25Retriever(buildBm25Index(documents));
      for (const limit of [0, 1, 3, 10, 1000]) {
        const ranks = await rankJudged(retriever, queries, limit);
        assert.deepEqual(ranks, await rankJudged(listsOf(retriever), queries, limit), `seed ${seed}, limit ${limit}`);
      }
    }
  });

  it('says the same with helper threads, also when batches overlap', async () => {
    const { documents, queries } = randomWorld(7);
    const index = buildBm25Index(documents);
    const alone = bm25Retriever(index, { pool: new RankPool(index, 0) });
    for (const [helpers, cacheBytes] of [
      [1, 1 << 20],
      [3, 0],
    ]) {
      // Not disposed: helpers must not keep a process alive.
      const together = bm25Retriever(index, { cacheBytes, pool: new RankPool(index, helpers, 0) });
      const batches = [queries, queries.slice(2), queries.slice(0, 2), []];
      const ranks = await Promise.all(batches.map((batch) => rankJudged(together, batch, 10)));
      assert.deepEqual(ranks, await Promise.all(batches.map((batch) => rankJudged(alone, batch, 10))));
    }
  });

  it('fails when its threads are ended while they rank', async () => {
    const { documents, queries } = randomWorld(7);
    const index = buildBm25Index(documents);
    const retriever = bm25Retriever(index, { pool: new RankPool(index, 1, 0) });
    const ranking = rankJudged(retriever, queries, 10);
    await Promise.all([assert.rejects(ranking, /ended before/), retriever.dispose?.()]);
  });

  it('leaves out what is owned and moves the others up', async () => {
    const queries = [{ query: 'x', judged: ['b', 'd', 'e', 'gone'], leftOut: ['a', 'b'] }];
    const [ranking] = await rankJudged(listing('a', 'b', 'c', 'd', 'e'), queries, 2);
    assert.deepEqual(ranking, { kind: 'ranked', ranks: new Map([['d', 2]]), top: ['c', 'd'], length: 2 });
  });

  it('asks a list for as many more documents as the longest history has', async () => {
    const limits: number[] = [];
    const search = async (queries: readonly string[], limit: number): Promise<SearchOutcome[]> => {
      limits.push(limit);
      return Promise.resolve(queries.map(() => ({ kind: 'hits', hits: [] })));
    };
    const histories = [[], ['a', 'b', 'c'], ['a']];
    await rankJudged({ name: 'counting', search }, histories.map((leftOut) => ({ query: '', judged: [], leftOut })), 10); // prettier-ignore
    assert.deepEqual(limits, [13]);
  });

  it('hands on failures and notes', async () => {
    const outcomes: SearchOutcome[] = [
      { kind: 'failed', message: 'down' },
      { kind: 'hits', hits: [], note: 'read as plain words' },
    ];
    const retriever: Retriever = { name: 'fixed', search: async () => Promise.resolve(outcomes) };
    const judged = await rankJudged(
      retriever,
      [
        { query: 'x', judged: ['a'] },
        { query: 'y', judged: ['a'] },
      ],
      10,
    );
    assert.deepEqual(judged, [
      { kind: 'failed', message: 'down' },
      { kind: 'ranked', ranks: new Map(), top: [], length: 0, note: 'read as plain words' },
    ]);
  });
});
