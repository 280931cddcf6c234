/**
 * @file BM25 over an in-memory inverted index, equal to Lucene's to the last rank.
 *
 * Equality is in the steps: lengths in one byte, every step of a term's score rounded to float32, the sum over terms in
 * double and then rounded, equal scores in the order of the ids' UTF-8 bytes. A query is a bag of words: no operators, a
 * repeated word weighs more. Unlike Lucene there is no limit of 1,024 distinct terms.
 *
 * An index never changes after it is built; searches share it.
 */
import type { Document } from '../data/task.ts';
import { decodeLength } from './length-byte.ts';
import { type Postings, countPostings, countTerms } from './postings.ts';
import type { Hit, Retriever } from './retriever.ts';
import { BLOCK_SHIFT, ScoreBoard } from './score-board.ts';
import { NO_TERM, TermNumbers } from './term-numbers.ts';

export interface Bm25Params {
  /** How slowly repeats of a term stop paying off. 0 counts presence only. */
  readonly k1: number;
  /** How hard long documents are marked down: 0 never, 1 in proportion. */
  readonly b: number;
}

/** The paper's: BM25's textbook values. */
export const PAPER_BM25: Bm25Params = { k1: 1.2, b: 0.75 };
/** Anserini's and Pyserini's own default. */
export const ANSERINI_BM25: Bm25Params = { k1: 0.9, b: 0.4 };

export interface Bm25Index extends Bm25Params {
  readonly postings: Postings;
  /** [postings] 1 + frequency × length factor, float32: the part of a term's score that no query changes. */
  readonly divisors: Float32Array;
  /** Working memory of searches; see {@link ScoreBoard}. */
  readonly board: ScoreBoard;
  /** Words of queries to terms. */
  readonly termNumbers: TermNumbers;
}

/**
 * Builds the index of a corpus; of each document, title and text count. Ids must be unique.
 *
 * A corpus without any word is a valid index that finds nothing.
 */
export function buildBm25Index(documents: readonly Document[], params: Bm25Params = PAPER_BM25): Bm25Index {
  return bm25Index(countPostings(documents), params);
}

/** Puts k1 and b to postings that are already counted. */
export function bm25Index(postings: Postings, { k1, b }: Bm25Params = PAPER_BM25): Bm25Index {
  const { ids, terms, documents, frequencies, lengths } = postings;
  const lengthFactors = lengthFactorsOf(postings, k1, b);
  const divisors = new Float32Array(documents.length);
  for (let at = 0; at < divisors.length; at++) {
    divisors[at] = 1 + Math.fround(frequencies[at] * lengthFactors[lengths[documents[at]]]);
  }
  const termNumbers = new TermNumbers((term) => terms.get(term) ?? NO_TERM);
  return { k1, b, postings, divisors, board: new ScoreBoard(ids.length), termNumbers };
}

/** [256] what a term's frequency is multiplied with, by length byte, float32. */
function lengthFactorsOf({ wordCount, documentCount }: Postings, k1: number, b: number): Float32Array {
  const f = Math.fround;
  const [slope, weight] = [f(k1), f(b)];
  const averageLength = f(wordCount / documentCount);
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const relative = f(f(weight * f(decodeLength(byte))) / averageLength);
    return 1 / f(slope * f(f(1 - weight) + relative));
  });
}

/** A query after analysis: known terms by number, each with how often the query has it. */
export interface BagOfTerms {
  readonly terms: readonly { readonly term: number; readonly count: number }[];
  /** Equal for queries that rank equally. */
  readonly key: string;
}

/** Analyses a query. Words that no document has are dropped; when none is left the result is empty, never an error. */
export function bagOfTerms(index: Bm25Index, query: string): BagOfTerms {
  const terms = Array.from(countTerms(index.termNumbers, query), ([term, count]) => ({ term, count }));
  terms.sort((a, b) => a.term - b.term);
  return { terms, key: terms.map(({ term, count }) => `${term}:${count}`).join(' ') };
}

/** The best `limit` documents for a query, best first; equal scores in the order of their ids. */
export function searchBm25(index: Bm25Index, query: string, limit: number): Hit[] {
  return rankBag(index, bagOfTerms(index, query), limit);
}

/** {@link searchBm25} for a query that is already analysed. */
export function rankBag(index: Bm25Index, bag: BagOfTerms, limit: number): Hit[] {
  for (const { term, count } of bag.terms) addTermScores(index, term, count);
  const { documents, scores } = index.board.takeBest(limit);
  const hits: Hit[] = [];
  for (let i = 0; i < documents.length; i++) hits.push({ id: index.postings.ids[documents[i]], score: scores[i] });
  return hits;
}

function addTermScores({ postings, divisors, board }: Bm25Index, term: number, count: number): void {
  const { documents, offsets } = postings;
  const { sums, touched } = board;
  const weight = termWeight(postings, term, count);
  const end = offsets[term + 1];
  for (let at = offsets[term]; at < end; at++) {
    const document = documents[at];
    touched[document >>> BLOCK_SHIFT] = 1;
    sums[document] += termScore(weight, divisors[at]);
  }
}

/** Inverse document frequency times how often the query has the term; float32. */
export function termWeight({ offsets, documentCount }: Postings, term: number, count: number): number {
  const containing = offsets[term + 1] - offsets[term];
  return Math.fround(count * Math.fround(Math.log(1 + (documentCount - containing + 0.5) / (containing + 0.5))));
}

/** One term's share of a document's score, every step in float32. */
export function termScore(weight: number, divisor: number): number {
  return Math.fround(weight - Math.fround(weight / divisor));
}

export interface Bm25RetrieverOptions {
  /**
   * Sends `(contents:QUERY)` as the paper's code does, which loses the first word of a query that begins with a letter and
   * adds the word `content` to the others. Only to reproduce published numbers.
   */
  readonly paperWrapper?: boolean;
  /** How many rankings are kept for queries with the same bag of words. */
  readonly cacheSize?: number;
}

/** The index as the black box of training. Rewrites of one group often share their bag of words and then also the search. */
export function bm25Retriever(
  index: Bm25Index,
  { paperWrapper = false, cacheSize = 1024 }: Bm25RetrieverOptions = {},
): Retriever {
  const cache = new Map<string, readonly Hit[]>();
  const ranked = (query: string, limit: number): readonly Hit[] => {
    const bag = bagOfTerms(index, paperWrapper ? `(contents:${query})` : query);
    const key = `${limit} ${bag.key}`;
    const hits = cache.get(key) ?? rankBag(index, bag, limit);
    cache.delete(key); // back in at the young end
    cache.set(key, hits);
    if (cache.size > cacheSize) cache.delete(cache.keys().next().value!);
    return hits;
  };
  return {
    name: `bm25(k1=${index.k1},b=${index.b}${paperWrapper ? ',paper wrapper' : ''})`,
    search: (queries, limit, signal) => {
      signal?.throwIfAborted();
      return Promise.resolve(queries.map((query) => ({ kind: 'hits' as const, hits: ranked(query, limit) })));
    },
  };
}
