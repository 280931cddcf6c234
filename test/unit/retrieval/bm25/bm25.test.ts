import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Document } from '../../../../src/data/task.ts';
import { ANSERINI_BM25, buildBm25Index, searchBm25 } from '../../../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../../../src/retrieval/bm25/bm25-retriever.ts';
import { decodeLength, encodeLength } from '../../../../src/retrieval/bm25/length-byte.ts';

function corpus(texts: Readonly<Record<string, string>>): Document[] {
  return Object.entries(texts).map(([id, text]) => ({ id, title: '', text }));
}

const SHOP = corpus({
  d1: 'red running shoes',
  d2: 'blue running jacket for rain',
  d3: 'a cast iron pan',
});

describe('BM25', () => {
  it('scores by the formula: idf times saturated frequency', () => {
    // "red": N = 3, n = 1, idf = ln(1 + 2.5/1.5); tf = 1; the lengths are 3, 4 and 3 words, 10/3 on average.
    const idf = Math.log(1 + 2.5 / 1.5);
    const expected = idf - idf / (1 + 1 / (1.2 * (0.25 + (0.75 * 3) / (10 / 3))));
    const [hit] = searchBm25(buildBm25Index(SHOP), 'red', 10);
    assert.equal(hit.id, 'd1');
    assert.ok(Math.abs(hit.score - expected) < 1e-6);
  });

  it('makes a repeated query word weigh more', () => {
    const index = buildBm25Index(SHOP);
    const [once] = searchBm25(index, 'red', 1);
    const [twice] = searchBm25(index, 'red red', 1);
    assert.equal(twice.score, 2 * once.score);
  });

  it('ranks equal scores by the UTF-8 bytes of the ids, whatever the order of the corpus', () => {
    const index = buildBm25Index(corpus({ '\u{1f600}': 'pan', b: 'pan', '\uff01': 'pan', '10': 'pan', '9': 'pan' }));
    assert.deepEqual(
      searchBm25(index, 'pan', 10).map(({ id }) => id),
      ['10', '9', 'b', '\uff01', '\u{1f600}'],
    );
  });

  it('keeps the best when the limit is smaller than the matches', () => {
    const texts = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`d${i}`, `pan ${'lid '.repeat((i * 37) % 100)}`]),
    );
    const index = buildBm25Index(corpus(texts));
    const all = searchBm25(index, 'pan lid', 1000);
    assert.equal(all.length, 200);
    for (const limit of [0, 1, 7, 199]) assert.deepEqual(searchBm25(index, 'pan lid', limit), all.slice(0, limit));
  });

  it('finds nothing for unknown words, stop words and an empty query', () => {
    const index = buildBm25Index(SHOP);
    for (const query of ['', 'the', 'zeppelin', '!!! ()']) assert.deepEqual(searchBm25(index, query, 10), []);
  });

  it('leaves documents without words out of the statistics, but for their ids', () => {
    const some = buildBm25Index([...SHOP, ...corpus({ e1: '', e2: 'the' })]);
    assert.deepEqual(searchBm25(some, 'running', 10), searchBm25(buildBm25Index(SHOP), 'running', 10));
  });

  it('takes terms that are names of object members', () => {
    const index = buildBm25Index(corpus({ d1: 'constructor __proto__ toString' }));
    assert.equal(searchBm25(index, 'constructor', 10).length, 1);
    assert.equal(searchBm25(index, '__proto__', 10).length, 1);
    assert.equal(searchBm25(index, 'hasOwnProperty', 10).length, 0);
  });

  it('is valid for a corpus without any word', () => {
    assert.deepEqual(searchBm25(buildBm25Index(corpus({ d1: 'the' })), 'the pan', 10), []);
  });

  it('searches title and text, and a title that heads the text only once', () => {
    const once = buildBm25Index([{ id: 'd1', title: 'Iron pan', text: 'Iron pan, black' }, ...SHOP]);
    const same = buildBm25Index([{ id: 'd1', title: '', text: 'Iron pan, black' }, ...SHOP]);
    assert.deepEqual(searchBm25(once, 'iron', 10), searchBm25(same, 'iron', 10));
    const both = buildBm25Index([{ id: 'd1', title: 'Iron pan', text: 'black' }, ...SHOP]);
    assert.deepEqual(searchBm25(both, 'black iron', 10), searchBm25(same, 'black iron', 10));
  });
});

describe('bm25Retriever', () => {
  it('names its parameters and answers in the order of the queries', async () => {
    const retriever = bm25Retriever(buildBm25Index(SHOP, ANSERINI_BM25));
    assert.equal(retriever.name, 'bm25(k1=0.9,b=0.4)');
    const outcomes = await retriever.search(['rain', 'zeppelin', 'pan'], 10);
    const ids = outcomes.map((outcome) =>
      outcome.kind === 'hits' ? outcome.hits.map(({ id }) => id) : outcome.message,
    );
    assert.deepEqual(ids, [['d2'], [], ['d3']]);
  });

  it('answers the same bag of words from its cache, and another limit anew', async () => {
    const retriever = bm25Retriever(buildBm25Index(SHOP), { cacheBytes: 10_000 });
    const [first, second, third] = await retriever.search(['red running', 'RUNNING the reds', 'red running'], 10);
    assert.equal(second.kind === 'hits' && second.hits, first.kind === 'hits' && first.hits);
    assert.deepEqual(third, first);
    const [short] = await retriever.search(['red running'], 1);
    assert.equal(short.kind === 'hits' && short.hits.length, 1);
  });

  it('loses the first word with the paper’s wrapper', async () => {
    const retriever = bm25Retriever(buildBm25Index(SHOP), { paperWrapper: true });
    const [bare, quoted] = await retriever.search(['pan', '"pan"'], 10);
    assert.deepEqual(bare, { kind: 'hits', hits: [] });
    assert.equal(quoted.kind === 'hits' && quoted.hits[0].id, 'd3');
  });
});

describe('length byte', () => {
  it('is exact to 40 and then keeps four significant bits, rounding down', () => {
    for (let length = 0; length <= 40; length++) assert.equal(decodeLength(encodeLength(length)), length);
    const rounded = { 41: 40, 43: 42, 100: 96, 150: 144, 256: 248, 300: 280, 500: 472, 1000: 984, 10000: 9240 };
    for (const [length, expected] of Object.entries(rounded)) {
      assert.equal(decodeLength(encodeLength(Number(length))), expected);
    }
  });

  it('has 256 rising values, the largest 2 013 265 944', () => {
    const values = Array.from({ length: 256 }, (_, byte) => decodeLength(byte));
    assert.ok(values.every((value, i) => i === 0 || value > values[i - 1]));
    assert.equal(values[255], 2_013_265_944);
    values.forEach((value, byte) => {
      assert.equal(encodeLength(value), byte);
    });
  });
});
