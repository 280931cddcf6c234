import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FusedHit, type HybridOptions, fuse, hybridRetriever } from '../../../src/retrieval/hybrid.ts';
import type { Hit, Retriever, SearchOutcome } from '../../../src/retrieval/retriever.ts';

function hits(scores: Readonly<Record<string, number>>): Hit[] {
  return Object.entries(scores).map(([id, score]) => ({ id, score }));
}

/** A recommender with one answer for all, cut to the limit; it remembers the limits. */
function fixed(name: string, answer: SearchOutcome): Retriever & { readonly limits: number[] } {
  const limits: number[] = [];
  return {
    name,
    limits,
    search: (queries, limit) => {
      limits.push(limit);
      const cut = answer.kind === 'hits' ? { ...answer, hits: answer.hits.slice(0, limit) } : answer;
      return Promise.resolve(queries.map(() => cut));
    },
  };
}

async function fused(parts: readonly Retriever[], options?: HybridOptions, limit = 10): Promise<readonly FusedHit[]> {
  const [outcome] = await hybridRetriever(parts, options).search(['q'], limit);
  assert.ok(outcome.kind === 'hits');
  return outcome.hits;
}

const WORDS = hits({ a: 9, b: 5, c: 1 });
const MEANING = hits({ c: 0.9, a: 0.8, d: 0.7 });
const PARTS = [fixed('words', { kind: 'hits', hits: WORDS }), fixed('meaning', { kind: 'hits', hits: MEANING })];

const scoresOf = (list: readonly Hit[]): Record<string, number> =>
  Object.fromEntries(list.map(({ id, score }) => [id, Number(score.toFixed(6))]));

describe('reciprocal rank fusion', () => {
  it('adds 1 / (60 + rank) over the parts, and says what each part adds', async () => {
    const [first, ...others] = await fused(PARTS);
    assert.deepEqual(first, {
      id: 'a',
      score: 1 / 61 + 1 / 62,
      parts: [
        { rank: 1, score: 9, contribution: 1 / 61 },
        { rank: 2, score: 0.8, contribution: 1 / 62 },
      ],
    });
    assert.deepEqual(
      others.map(({ id, score }) => [id, score]),
      [
        ['c', 1 / 63 + 1 / 61],
        ['b', 1 / 62],
        ['d', 1 / 63],
      ],
    );
    assert.deepEqual(others[1].parts, [{ rank: 2, score: 5, contribution: 1 / 62 }, undefined]);
  });

  it('takes another k, and weights', async () => {
    assert.deepEqual(scoresOf(await fused(PARTS, { k: 0, weights: [1, 3] })), { a: 2.5, c: 3.333333, d: 1, b: 0.5 });
  });

  it('ranks equal sums by the bytes of the ids', () => {
    const lists = [hits({ '\u{1f600}': 1, b: 1 }), hits({ '\uff01': 1, a: 1 })];
    const options = { fusion: 'reciprocal-rank', k: 60, weights: [1, 1] } as const;
    assert.deepEqual(
      fuse(lists, 10, options).map(({ id }) => id),
      ['\uff01', '\u{1f600}', 'a', 'b'],
    );
  });
});

describe('fusion of scores', () => {
  it('scales each list to 0 … 1; what a part does not list gets what its last one gets', async () => {
    // words: a 1, b 0.5, c 0; meaning: c 1, a 0.5, d 0.
    assert.deepEqual(scoresOf(await fused(PARTS, { fusion: 'min-max' })), { a: 1.5, c: 1, b: 0.5, d: 0 });
    assert.deepEqual(scoresOf(await fused(PARTS, { fusion: 'min-max', weights: [2, 1] })), { a: 2.5, c: 1, b: 1, d: 0 }); // prettier-ignore
  });

  it('or to mean 0 and deviation 1', async () => {
    const z = Math.sqrt(1.5); // (9 - 5) / sqrt(32 / 3)
    const expected = { a: z, c: -z + z, b: 0 - z, d: -2 * z };
    const list = await fused(PARTS, { fusion: 'z-score' });
    for (const { id, score } of list) assert.ok(Math.abs(score - expected[id as 'a']) < 1e-9, `${id}: ${score}`);
  });

  it('bears lists that are empty, of one document, or of equal scores', async () => {
    const part = (scores: Record<string, number>): Retriever => fixed('p', { kind: 'hits', hits: hits(scores) });
    for (const fusion of ['min-max', 'z-score'] as const) {
      const options = { fusion };
      assert.deepEqual(await fused([part({}), part({})], options), []);
      const value = fusion === 'min-max' ? 1 : 0;
      assert.deepEqual(scoresOf(await fused([part({ a: 7 }), part({})], options)), { a: value });
      assert.deepEqual(scoresOf(await fused([part({ a: 7, b: 7 }), part({})], options)), { a: value, b: value });
    }
  });
});

describe('a hybrid recommender', () => {
  it('searches its parts deeper than it is asked for', async () => {
    const [part, other] = [fixed('x', { kind: 'hits', hits: [] }), fixed('y', { kind: 'hits', hits: [] })];
    await hybridRetriever([part, other]).search(['q'], 10);
    await hybridRetriever([part, other]).search(['q'], 100);
    await hybridRetriever([part, other], { depth: 30 }).search(['q'], 20);
    await hybridRetriever([part, other], { depth: 30 }).search(['q'], 50);
    assert.deepEqual(part.limits, [100, 200, 30, 50]);
    assert.deepEqual(other.limits, part.limits);
    assert.equal((await fused(PARTS, {}, 2)).length, 2);
  });

  it('fails for a query when a part does: half a ranking is no ranking', async () => {
    const hybrid = hybridRetriever([PARTS[0], fixed('server', { kind: 'failed', message: 'status 500' })]);
    assert.deepEqual(await hybrid.search(['q'], 3), [{ kind: 'failed', message: 'server: status 500' }]);
  });

  it('hands on what its parts have to say', async () => {
    const noted = fixed('words', { kind: 'hits', hits: WORDS, note: 'a parenthesis is not closed' });
    const [outcome] = await hybridRetriever([noted, PARTS[1]]).search(['q'], 3);
    assert.ok(outcome.kind === 'hits');
    assert.equal(outcome.note, 'words: a parenthesis is not closed');
  });

  it('has a name that says all of it, and ends its parts', async () => {
    const ended: string[] = [];
    const part = (name: string): Retriever => ({
      ...fixed(name, { kind: 'hits', hits: [] }),
      dispose: () => Promise.resolve(void ended.push(name)),
    });
    const parts = [part('bm25'), part('dense')];
    assert.equal(hybridRetriever(parts).name, 'hybrid(bm25, dense, reciprocal-rank k=60)');
    const weighted = hybridRetriever(parts, { fusion: 'min-max', weights: [1, 0.5] });
    assert.equal(weighted.name, 'hybrid(bm25, dense, min-max, weights 1:0.5)');
    await weighted.dispose?.();
    assert.deepEqual(ended, ['bm25', 'dense']);
  });

  it('refuses one part alone, and weights that do not fit', () => {
    assert.throws(() => hybridRetriever([PARTS[0]]), /has 1 parts; it needs at least two/);
    for (const weights of [[1], [1, -1], [1, NaN]]) {
      assert.throws(() => hybridRetriever(PARTS, { weights }), /give 2 numbers of at least 0/);
    }
  });
});
