/**
 * @file Dense retrieval as the black box: documents by the inner product of their vectors with the query's, exact.
 */
import type { Retriever, SearchOutcome } from '../retriever.ts';
import type { Best } from '../bm25/score-board.ts';
import { type Encoder, EncodingError } from './encoder.ts';
import type { VectorMemory } from './vector-memory.ts';

export interface DenseIndex {
  /** Ids by document number, in the order of their UTF-8 bytes. */
  readonly ids: readonly string[];
  readonly memory: VectorMemory;
}

/** How many queries' vectors are kept: some steps of training. */
const CACHED_QUERIES = 4096;

/**
 * Searches an index with the queries' vectors, and owns the encoder from now on. Equal queries are encoded once, also those of earlier calls; all queries of a
 * call are multiplied together. When the encoder fails, so do the queries that needed it.
 */
export function denseRetriever(
  { ids, memory }: DenseIndex,
  encoder: Pick<Encoder, 'name' | 'encode' | 'dispose'>,
  cacheSize = CACHED_QUERIES,
): Retriever {
  const vectorsOf = cachedVectors(encoder, cacheSize);
  const hitsOf = ({ documents, scores }: Best): SearchOutcome => ({
    kind: 'hits',
    hits: Array.from(documents, (document, i) => ({ id: ids[document], score: scores[i] })),
  });
  return {
    name: `dense(${encoder.name},${memory.shape.kind})`,
    search: async (queries, limit, signal) => {
      const unique = [...new Set(queries)];
      let vectors: readonly Float32Array[];
      try {
        vectors = await vectorsOf(unique, signal);
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error;
        const message = `the encoder ${encoder.name} failed: ${error.message}`;
        return queries.map(() => ({ kind: 'failed', message }));
      }
      const found = (await memory.search(vectors, limit, signal)).map(hitsOf);
      const outcomes = new Map(unique.map((query, i) => [query, found[i]]));
      return queries.map((query) => outcomes.get(query)!);
    },
    dispose: () => encoder.dispose(),
  };
}

/** Encodes queries, and keeps the vectors of the most recent ones. */
function cachedVectors(
  encoder: Pick<Encoder, 'encode'>,
  cacheSize: number,
): (queries: readonly string[], signal?: AbortSignal) => Promise<Float32Array[]> {
  const cache = new Map<string, Float32Array>();
  return async (queries, signal) => {
    const known = queries.map((query) => cache.get(query));
    const unknown = queries.filter((_, i) => !known[i]);
    const encoded = await encoder.encode(unknown, 'query', { ...(signal && { signal }) });
    let next = 0;
    const vectors = known.map((vector) => vector ?? encoded[next++]);
    queries.forEach((query, i) => {
      cache.delete(query); // back in at the young end
      cache.set(query, vectors[i]);
    });
    for (const query of cache.keys()) {
      if (cache.size <= cacheSize) break;
      cache.delete(query);
    }
    return vectors;
  };
}
