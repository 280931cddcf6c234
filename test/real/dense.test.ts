/** @file Dense retrieval with a real encoder on real products, against Hugging Face's own code in Python. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDense } from '../../src/app/open-dense.ts';
import { readCorpus } from '../../src/data/corpus.ts';
import type { Document } from '../../src/data/task.ts';
import { openEncoder } from '../../src/retrieval/dense/encoder.ts';
import { readVectorFile } from '../../src/retrieval/dense/vector-file.ts';
import { rowBytes } from '../../src/retrieval/dense/vector-memory.ts';
import type { Hit } from '../../src/retrieval/retriever.ts';
import { rankingsOf } from '../fixtures/rankings.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { assertVectors, readGolden } from '../golden/dense/golden-vectors.ts';
import { minilm } from './minilm.ts';

interface GoldenRanking {
  readonly query: string;
  /** Id and score, best first. */
  readonly hits: readonly (readonly [string, number])[];
}

const RANKING = readGolden('minilm-ranking.json') as readonly GoldenRanking[];
const QUERIES = RANKING.map(({ query }) => query);

/** The first products in the order of the file, as make_golden.py takes them. */
async function products(file: string): Promise<Document[]> {
  return (await readCorpus(file)).slice(0, 2000);
}

describe('all-MiniLM-L6-v2', () => {
  it('gives the vectors that Python gives, to 1e-4', async (test) => {
    const dir = await minilm(test);
    if (dir === undefined) return;
    const { texts, vectors } = readGolden('minilm.json') as Record<'texts' | 'vectors', readonly string[]>;
    const encoder = await openEncoder({ dir });
    assert.equal(encoder.settings.maxTokens, 256);
    assertVectors(await encoder.encode(texts, 'document'), vectors, texts);
    await encoder.dispose();
  });

  it('ranks 2,000 products as Python does, and nearly so with int8 vectors, which are imported here', async (test) => {
    const encoder = await minilm(test);
    const corpus = encoder && sharedData(test, 'products', 'corpus.jsonl.gz');
    if (!corpus) return;
    const documents = await products(corpus);
    const cacheDir = temporaryFolder(test);
    const exact = await openDense(documents, { kind: 'dense', encoder }, { cacheDir });
    const lists = await rankingsOf(exact, QUERIES, 10);
    await exact.dispose?.();
    assert.deepEqual(
      lists.map((list) => list.map(({ id }) => id)),
      RANKING.map(({ hits }) => hits.map(([id]) => id)),
    );
    RANKING.forEach(({ query, hits }, i) => {
      hits.forEach(([, score], rank) => {
        assert.ok(Math.abs(lists[i][rank].score - score) < 1e-4, `${query}, rank ${rank + 1}`);
      });
    });

    const documentVectors = join(cacheDir, 'vectors.jsonl');
    writeFileSync(documentVectors, await exportedVectors(join(cacheDir, readdirSync(cacheDir)[0])));
    const spec = { kind: 'dense', encoder, documentVectors, vectors: 'int8' } as const;
    const rounded = await openDense(documents, spec, { cacheDir });
    const overlap = meanOverlap(lists, await rankingsOf(rounded, QUERIES, 10));
    await rounded.dispose?.();
    assert.ok(overlap > 0.97, `int8 keeps ${overlap} of the best ten`);
  });
});

/** A file of float32 vectors as JSON Lines. */
async function exportedVectors(file: string): Promise<string> {
  const { ids, memory } = await readVectorFile(file);
  const [rows] = memory.rows();
  const { dimensions } = memory.shape;
  const lines = ids.map((_id, i) => {
    const vector = new Float32Array(rows.buffer, rows.byteOffset + i * rowBytes(memory.shape), dimensions);
    return JSON.stringify({ _id, vector: [...vector] });
  });
  return lines.join('\n');
}

/** The share of one list's documents that the other has too, over all queries. */
function meanOverlap(lists: readonly (readonly Hit[])[], others: readonly (readonly Hit[])[]): number {
  const shares = lists.map((list, i) => {
    const ids = new Set(others[i].map(({ id }) => id));
    return list.filter(({ id }) => ids.has(id)).length / list.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
