/** @file Rankings against Lucene's, to the last rank and the last bit of the score. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { buildBm25Index, searchBm25 } from '../../src/retrieval/bm25.ts';
import type { Hit } from '../../src/retrieval/retriever.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { GOLDEN_SETS, type GoldenAnswer, type GoldenFile, LIMIT, goldenDocuments } from './retrieval-sets.ts';

const golden = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/retrieval.json'), 'utf8')) as GoldenFile;

function hash(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}

function answerOf(hits: readonly Hit[]): GoldenAnswer {
  const scores = Buffer.alloc(hits.length * 4);
  hits.forEach(({ score }, i) => scores.writeFloatBE(score, i * 4));
  return { count: hits.length, ids: hash(hits.map(({ id }) => id).join('\n')), scores: hash(scores) };
}

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
