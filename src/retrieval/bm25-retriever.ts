/** @file BM25 as the black box of training, in plain words or in Lucene's query syntax. */
import { UserError } from '../base/errors.ts';
import { type Bm25Index, addScores, bagOfTerms, takeHits, takeJudged } from './bm25.ts';
import { SyntaxSearch } from './lucene-syntax.ts';
import { MemoryCache } from './memory-cache.ts';
import type { Hit, JudgedQuery, JudgedRanking, RankOutcome, Retriever, SearchOutcome } from './retriever.ts';

/** How a query is read: as a bag of words without operators, or as Lucene's classic query parser reads it. */
export const QUERY_SYNTAXES = ['words', 'lucene'] as const;
export type QuerySyntax = (typeof QUERY_SYNTAXES)[number];

export interface Bm25RetrieverOptions {
  /** `words` unless given. Phrases of `lucene` need an index with positions. */
  readonly syntax?: QuerySyntax;
  /**
   * Sends `(contents:QUERY)` as the paper's code does, which loses the first word of a query that begins with a letter and
   * adds the word `content` to the others. Only to reproduce published numbers.
   */
  readonly paperWrapper?: boolean;
  /** Memory for rankings that are kept for queries that mean the same. */
  readonly cacheBytes?: number;
}

const CACHE_BYTES = 64 * 2 ** 20;
/** Roughly, in memory: a hit of a list, and what an entry costs beside its texts. */
const [HIT_BYTES, ENTRY_BYTES] = [48, 512];

/** A query that is analysed. */
interface PreparedQuery {
  /** Equal for queries that rank equally. */
  readonly key: string;
  /** See {@link SearchOutcome}. */
  readonly note?: string;
  /** Puts the score of each document onto the index's board. */
  readonly addScores: () => void;
}

/**
 * The index as the black box of training. Rewrites of one group often mean the same and then also share the search.
 *
 * @throws UserError for the paper's wrapper together with a syntax.
 */
export function bm25Retriever(index: Bm25Index, options: Bm25RetrieverOptions = {}): Retriever {
  const { cacheBytes = CACHE_BYTES } = options;
  const prepare = preparation(index, options);
  const lists = new MemoryCache<readonly Hit[]>(cacheBytes / 2, (hits) => ENTRY_BYTES + hits.length * HIT_BYTES);
  const rankings = new MemoryCache<JudgedRanking>(cacheBytes / 2, ({ ranks }) => ENTRY_BYTES + ranks.size * HIT_BYTES);
  const search = (text: string, limit: number): SearchOutcome => {
    const query = prepare(text);
    const hits = lists.get(`${limit} ${query.key}`, () => {
      query.addScores();
      return takeHits(index, limit);
    });
    return { kind: 'hits', hits, ...noteOf(query) };
  };
  const rank = (judged: JudgedQuery, limit: number): RankOutcome => {
    const query = prepare(judged.query);
    const key = JSON.stringify([limit, query.key, judged.judged, judged.leftOut]);
    const ranking = rankings.get(key, () => {
      query.addScores();
      return takeJudged(index, judged, limit);
    });
    return { kind: 'ranked', ...ranking, ...noteOf(query) };
  };
  return {
    name: nameOf(index, options),
    search: (queries, limit, signal) => {
      signal?.throwIfAborted();
      return Promise.resolve(queries.map((query) => orFailed(() => search(query, limit))));
    },
    rankJudged: (queries, limit, signal) => {
      signal?.throwIfAborted();
      return Promise.resolve(queries.map((query) => orFailed(() => rank(query, limit))));
    },
  };
}

function preparation(index: Bm25Index, options: Bm25RetrieverOptions): (text: string) => PreparedQuery {
  const { syntax = 'words', paperWrapper = false } = options;
  if (syntax === 'words') {
    return (text) => {
      const bag = bagOfTerms(index, paperWrapper ? `(contents:${text})` : text);
      return { key: bag.key, addScores: addScores.bind(undefined, index, bag) };
    };
  }
  if (paperWrapper) {
    throw new UserError(
      'The paper’s wrapper is for plain words; leave it out, or the query syntax (bm25.syntax=words).',
    );
  }
  const search = new SyntaxSearch(index);
  return (text) => search.prepare(text);
}

function nameOf({ k1, b }: Bm25Index, { syntax, paperWrapper }: Bm25RetrieverOptions): string {
  return `bm25(k1=${k1},b=${b}${syntax === 'lucene' ? ',lucene syntax' : ''}${paperWrapper ? ',paper wrapper' : ''})`;
}

function noteOf({ note }: PreparedQuery): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

/** A query that this index cannot answer is a failed search. */
function orFailed<T>(work: () => T): T | { readonly kind: 'failed'; readonly message: string } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: 'failed', message: error.message };
  }
}
