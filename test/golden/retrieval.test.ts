/** @file Rankings against Lucene's, to the last rank and the last bit of the score. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { buildBm25Index, searchBm25 } from '../../src/retrieval/bm25/bm25.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { answerOf } from './answer.ts';
import { GOLDEN_SETS, type GoldenFile, LIMIT, goldenDocuments } from './retrieval-sets.ts';

const golden = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/retrieval.json'), 'utf8')) as GoldenFile;

describe('BM25 equals Lucene', () => {
  for (const set of GOLDEN_SETS) {
    it(`on every query of ${set.name}: the same documents in the same order with the same float32 scores`, (test) => {
      const data = set.corpus === undefined ? '' : sharedData(test);
      if (data === undefined) return;
      const index = buildBm25Index(goldenDocuments(set, data), set.params);
      const queries = set.queries(data);
      assert.equal(queries.length, golden[set.name].length);
      queries.forEach((query, i) => {
        const { list, ...expected } = golden[set.name][i];
        const hits = searchBm25(index, query, LIMIT);
        if (list) assert.deepEqual(hits.map(({ id, score }) => [id, score]), list.map(([id, score]) => [id, Math.fround(score)])); // prettier-ignore
        assert.deepEqual(answerOf(hits), expected, `query ${i}: ${query.slice(0, 200)}`);
      });
    });
  }
});
