/** @file Our side of `npm run bench:retrieval`: argument REQUEST, a file with a {@link BenchRequest}; prints a {@link BenchAnswer}. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { indexCorpus, openIndex } from '../../src/app/index-corpus.ts';
import { RankPool } from '../../src/retrieval/bm25/bm25-pool.ts';
import { bm25Retriever } from '../../src/retrieval/bm25/bm25-retriever.ts';
import { type Bm25Index, searchBm25 } from '../../src/retrieval/bm25/bm25.ts';
import type { JudgedQuery } from '../../src/retrieval/retriever.ts';
import type { BenchAnswer, BenchRequest } from './retrieval-request.ts';

const {
  corpus,
  index: indexDir,
  sets,
  limits,
  seconds,
  repeats,
  threads,
} = JSON.parse(readFileSync(process.argv[2], 'utf8')) as BenchRequest;
/** Rollouts of a step: as many are ranked by one call. */
const BATCH = 128;

/** Queries per second of calls that each take `size` queries. */
async function rate(size: number, call: (round: number) => unknown): Promise<number> {
  const start = performance.now();
  let round = 0;
  while (performance.now() - start < seconds * 1000) await call(round++);
  return (round * size * 1000) / (performance.now() - start);
}

async function rates(size: number, call: (round: number) => unknown): Promise<number[]> {
  await rate(size, call); // warms up
  const found: number[] = [];
  for (let i = 0; i < repeats; i++) found.push(await rate(size, call));
  return found;
}

/** Batches that never end, each query with three judged documents from all over the corpus. */
function batches(index: Bm25Index, queries: readonly string[]): (round: number) => JudgedQuery[] {
  const { ids } = index.postings;
  const judged = queries.map((query, i) => ({
    query,
    judged: [7919, 104_729, 31].map((step) => ids[((i + 1) * step) % ids.length]),
  }));
  return (round) => Array.from({ length: BATCH }, (_, i) => judged[(round * BATCH + i) % judged.length]);
}

const summary = await indexCorpus(corpus, indexDir);
const opening = performance.now();
const index = await openIndex(indexDir);
const openMillis = performance.now() - opening;
const found: Record<string, number[]> = {};
const together = bm25Retriever(index, { cacheBytes: 0, pool: new RankPool(index, threads - 1, 0) });
const alone = bm25Retriever(index, { cacheBytes: 0, pool: new RankPool(index, 0) });
const remembering = bm25Retriever(index, { pool: new RankPool(index, 0) });
for (const { name, queries } of sets) {
  const batch = batches(index, queries);
  for (const limit of limits) {
    const key = `${name} ${limit}`;
    // One query a call, but in batches, so that awaiting costs nothing.
    found[`lists ${key}`] = await rates(BATCH, (round) => {
      for (const { query } of batch(round)) searchBm25(index, query, limit);
    });
    found[`ranks ${key}`] = await rates(BATCH, (round) => alone.rankJudged!(batch(round), limit));
    found[`ranks, all threads ${key}`] = await rates(BATCH, (round) => together.rankJudged!(batch(round), limit));
    found[`ranks, cached ${key}`] = await rates(BATCH, (round) => remembering.rankJudged!(batch(round), limit));
  }
}
await together.dispose?.();
const answer: BenchAnswer = {
  documentsPerSecond: summary.documentsPerSecond,
  indexBytes: statSync(join(indexDir, 'bm25.idx')).size,
  peakBytes: process.resourceUsage().maxRSS * 1024,
  openMillis,
  rates: found,
};
console.log(JSON.stringify(answer));
