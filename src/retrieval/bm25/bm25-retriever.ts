/**
 * @file BM25 as the black box of training, in plain words or in Lucene's query syntax.
 *
 * Rewrites of a group that mean the same share one search. Adding up only once what different rewrites have in common was
 * measured and left out: rewrites of six models for a query have next to no term in common, and groups made alike to all
 * but 2 % of their words would save 13 % of a search, to all but 5 % only 6 %.
 */
import { UserError } from '../../base/errors.ts';
import {
  type Bm25Index,
  type QueryTerm,
  addScores,
  bagOfTerms,
  judgedNumbers,
  judgedRanking,
  takeHits,
  takeJudged,
} from './bm25.ts';
import { RankPool } from './bm25-pool.ts';
import { SyntaxSearch } from '../syntax/lucene-syntax.ts';
import { MemoryCache } from './memory-cache.ts';
import type {
  FailedSearch,
  Hit,
  JudgedQuery,
  JudgedRanking,
  RankOutcome,
  Retriever,
  SearchOutcome,
} from '../retriever.ts';

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
  /** Threads that rank large batches; those that pay, unless given. */
  readonly pool?: RankPool;
}

const CACHE_BYTES = 64 * 2 ** 20;
/** Roughly, in memory: a hit of a list, and what an entry costs beside its texts. */
const [HIT_BYTES, ENTRY_BYTES] = [48, 512];

/** Queries that helper threads rank together. */
const BATCH = 1024;

/** A query that is analysed. */
export interface PreparedQuery {
  /** Equal for queries that rank equally. */
  readonly key: string;
  /** See {@link SearchOutcome}. */
  readonly note?: string;
  /** All there is to the query, unless it has operators. */
  readonly terms?: readonly QueryTerm[];
  /** Puts the score of each document onto the index's board. */
  readonly addScores: () => void;
}

interface PreparedJudged {
  readonly query: PreparedQuery;
  readonly judged: JudgedQuery;
  /** Equal for those with the same answer. */
  readonly key: string;
}

function isPrepared(query: PreparedJudged | FailedSearch): query is PreparedJudged {
  return 'key' in query;
}

/**
 * The index as the black box of training. Rewrites of one group often mean the same and then also share the search.
 *
 * @throws UserError for the paper's wrapper together with a syntax.
 */
export function bm25Retriever(index: Bm25Index, options: Bm25RetrieverOptions = {}): Retriever {
  const { cacheBytes = CACHE_BYTES, pool = new RankPool(index) } = options;
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
  const prepareJudged = (judged: JudgedQuery, limit: number): PreparedJudged => {
    const query = prepare(judged.query);
    return { query, judged, key: JSON.stringify([limit, query.key, judged.judged, judged.leftOut]) };
  };
  type Rankings = ReadonlyMap<string, JudgedRanking>;
  const rank = ({ query, judged, key }: PreparedJudged, limit: number, ahead: Rankings): RankOutcome => {
    const compute = (): JudgedRanking => {
      query.addScores();
      return takeJudged(index, judged, limit);
    };
    return { kind: 'ranked', ...rankings.get(key, () => ahead.get(key) ?? compute()), ...noteOf(query) };
  };
  /** What of a batch is not remembered, by its keys, ranked by all threads; nothing where that does not pay. */
  const rankAhead = async (batch: readonly PreparedJudged[], limit: number): Promise<Rankings> => {
    const missing = [...new Map(batch.map((query) => [query.key, query])).values()].flatMap(
      ({ query: { terms }, judged, key }) => (terms && !rankings.has(key) ? [{ terms, judged, key }] : []),
    );
    if (!pool.pays(missing)) return new Map();
    const numbers = missing.map(({ judged }) => judgedNumbers(index, judged));
    const jobs = numbers.map(({ judged, leftOut }, i) => ({ terms: missing[i].terms, judged, leftOut }));
    const standings = await pool.rank(jobs, limit);
    return new Map(missing.map(({ key }, i) => [key, judgedRanking(index, numbers[i], standings[i])]));
  };
  return {
    name: nameOf(index, options),
    search: (queries, limit, signal) => {
      signal?.throwIfAborted();
      return Promise.resolve(queries.map((query) => orFailed(() => search(query, limit))));
    },
    rankJudged: async (queries, limit, signal) => {
      const outcomes: RankOutcome[] = [];
      for (let start = 0; start < queries.length; start += BATCH) {
        signal?.throwIfAborted();
        const batch = queries.slice(start, start + BATCH).map((query) => orFailed(() => prepareJudged(query, limit)));
        const ahead = await rankAhead(batch.filter(isPrepared), limit);
        for (const query of batch) outcomes.push(isPrepared(query) ? orFailed(() => rank(query, limit, ahead)) : query);
      }
      return outcomes;
    },
    dispose: () => pool.dispose(),
  };
}

function preparation(index: Bm25Index, options: Bm25RetrieverOptions): (text: string) => PreparedQuery {
  const { syntax = 'words', paperWrapper = false } = options;
  if (syntax === 'words') {
    return (text) => {
      const bag = bagOfTerms(index, paperWrapper ? `(contents:${text})` : text);
      return { ...bag, addScores: addScores.bind(undefined, index, index.board, bag) };
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
function orFailed<T>(work: () => T): T | FailedSearch {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: 'failed', message: error.message };
  }
}
