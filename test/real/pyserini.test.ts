/** @file Our retriever over HTTP against Pyserini, and our own BM25 beside it: the same lists. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { openTask } from '../../src/data/open-task.ts';
import { SPLITS } from '../../src/data/task.ts';
import { ANSERINI_BM25, type Bm25Params, buildBm25Index, PAPER_BM25 } from '../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../src/retrieval/bm25/bm25-retriever.ts';
import { networkOptions, networkRetriever } from '../../src/retrieval/network/options.ts';
import type { Hit, SearchOutcome } from '../../src/retrieval/retriever.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { servePyserini } from './pyserini.ts';

const LIMIT = 100;

/** Pyserini's scores have four decimals, and equal ones are set apart by a millionth each. */
const TOLERANCE = 2e-4;

function hitsOf(outcome: SearchOutcome): readonly Hit[] {
  assert.equal(outcome.kind, 'hits', 'message' in outcome ? outcome.message : '');
  return 'hits' in outcome ? outcome.hits : [];
}

/** Rewrites as models wrote them: long, repetitive, full of operators. */
function rewrites(test: TestContext): readonly string[] {
  const file = sharedData(test, 'esci', 'released-outputs.jsonl');
  if (file === undefined) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, 100);
  return lines.map((line) => (JSON.parse(line) as { readonly generated_text: string }).generated_text);
}

describe('Pyserini behind HTTP', () => {
  for (const [name, params] of [
    ['1.2/0.75', PAPER_BM25],
    ['0.9/0.4', ANSERINI_BM25],
  ] as readonly [string, Bm25Params][]) {
    // prettier-ignore
    it(`gives the same lists as our own BM25 with ${name}`, async (test) => {
      const dir = sharedData(test, 'cranfield');
      if (dir === undefined) return;
      const task = await openTask(dir);
      const url = await servePyserini(test, task.documents, params);
      if (url === undefined) return;
      const options = networkOptions({ kind: 'http', url, timeoutMillis: 60_000, concurrency: 1 }, 'test', dir);
      const queries = SPLITS.flatMap((split) => task.examples[split].map(({ query }) => query));
      const all = [...queries, ...rewrites(test), 'the of and', '', 'İstanbul 🐈', 'a "quoted" \\ text\nof two lines'];
      const theirs = await networkRetriever(options).search(all, LIMIT);
      const ours = await bm25Retriever(buildBm25Index(task.documents, params)).search(all, LIMIT);
      let compared = 0;
      all.forEach((query, i) => {
        const [their, our] = [hitsOf(theirs[i]), hitsOf(ours[i])];
        assert.deepEqual(their.map(({ id }) => id), our.map(({ id }) => id), query); // prettier-ignore
        their.forEach(({ score }, rank) => {
          assert.ok(Math.abs(score - our[rank].score) < TOLERANCE, `${query}, rank ${rank + 1}: ${score}, ${our[rank].score}`);
        });
        compared += their.length;
      });
      assert.ok(compared > 20_000, `${compared} hits compared`);
    });
  }
});
