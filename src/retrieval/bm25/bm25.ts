/**
 * @file BM25 over an in-memory inverted index, equal to Lucene's to the last rank.
 *
 * Equality is in the steps: lengths in one byte, every step of a term's score rounded to float32, the sum over terms in
 * double and then rounded, equal scores in the order of the ids' UTF-8 bytes. A query is a bag of words: no operators, a
 * repeated word weighs more. Unlike Lucene there is no limit of 1,024 distinct terms.
 *
 * An index never changes after it is built; searches share it.
 */
import type { Document } from '../../data/task.ts';
import { decodeLength } from './length-byte.ts';
import { type CountOptions, type Postings, countPostings, countTerms } from './postings.ts';
import { DocumentNumbers } from './document-numbers.ts';
import { type Hit, type JudgedQuery, type JudgedRanking, SHOWN } from '../retriever.ts';
import { LEAST_SCORE, ScoreBoard } from './score-board.ts';
import { sharedFloat32Array } from './shared-arrays.ts';
import type { Standings } from './standings.ts';
import { NO_TERM, TermNumbers } from '../analysis/term-numbers.ts';

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

/** What ranking needs of an index: two counts and arrays in memory that threads can share. */
export interface Scoring {
  readonly postings: Pick<Postings, 'offsets' | 'documents' | 'documentCount'>;
  /** [postings] 1 + frequency × length factor, float32: the part of a term's score that no query changes. */
  readonly divisors: Float32Array;
  /** [postings] each term's score in each of its documents for a query that has the term once; float32. */
  readonly scores: Float32Array;
}

export interface Bm25Index extends Bm25Params, Scoring {
  readonly postings: Postings;
  /** [256] what a term's frequency is multiplied with, by length byte; float32. */
  readonly lengthFactors: Float32Array;
  /** Working memory of searches; see {@link ScoreBoard}. */
  readonly board: ScoreBoard;
  /** Words of queries to terms. */
  readonly termNumbers: TermNumbers;
  /** Ids of judged documents to their numbers. */
  readonly documentNumbers: DocumentNumbers;
}

/**
 * Builds the index of a corpus; of each document, title and text count. Ids must be unique.
 *
 * A corpus without any word is a valid index that finds nothing.
 */
export function buildBm25Index(
  documents: readonly Document[],
  params: Bm25Params = PAPER_BM25,
  options: CountOptions = {},
): Bm25Index {
  return bm25Index(countPostings(documents, options), params);
}

/** Puts k1 and b to postings that are already counted. */
export function bm25Index(postings: Postings, { k1, b }: Bm25Params = PAPER_BM25): Bm25Index {
  const { ids, terms } = postings;
  const lengthFactors = lengthFactorsOf(postings, k1, b);
  const divisors = divisorsOf(postings, lengthFactors);
  return {
    k1,
    b,
    postings,
    lengthFactors,
    divisors,
    scores: scoresOf(postings, divisors),
    board: new ScoreBoard(ids.length),
    termNumbers: new TermNumbers((term) => terms.get(term) ?? NO_TERM),
    documentNumbers: new DocumentNumbers(ids),
  };
}

function divisorsOf({ documents, frequencies, lengths }: Postings, lengthFactors: Float32Array): Float32Array {
  const divisors = sharedFloat32Array(documents.length);
  for (let at = 0; at < divisors.length; at++) {
    divisors[at] = 1 + Math.fround(frequencies[at] * lengthFactors[lengths[documents[at]]]);
  }
  return divisors;
}

function scoresOf(postings: Postings, divisors: Float32Array): Float32Array {
  const { offsets } = postings;
  const scores = sharedFloat32Array(divisors.length);
  for (let term = 0; term + 1 < offsets.length; term++) {
    const [start, end] = [offsets[term], offsets[term + 1]];
    writeScores(termWeight(postings, term, 1), divisors.subarray(start, end), scores.subarray(start, end));
  }
  return scores;
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

/** A term of a query and how often the query has it. */
export interface QueryTerm {
  readonly term: number;
  readonly count: number;
}

/** A query after analysis: its known terms by number. */
export interface BagOfTerms {
  readonly terms: readonly QueryTerm[];
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
  addScores(index, index.board, bag);
  return takeHits(index, limit);
}

/** The best of what was added to the index's board. */
export function takeHits({ board, postings }: Bm25Index, limit: number): Hit[] {
  const { documents, scores } = board.takeBest(limit);
  const hits: Hit[] = [];
  for (let i = 0; i < documents.length; i++) {
    hits.push({ id: postings.ids[documents[i]], score: scores[i] === LEAST_SCORE ? 0 : scores[i] });
  }
  return hits;
}

/** The documents of a judged query, as far as the corpus has them. */
export interface JudgedNumbers {
  /** Ids and numbers of the judged ones. */
  readonly ids: readonly string[];
  readonly judged: readonly number[];
  readonly leftOut: readonly number[];
}

export function judgedNumbers({ documentNumbers }: Bm25Index, { judged, leftOut = [] }: JudgedQuery): JudgedNumbers {
  const known = documentNumbers.known(judged);
  return {
    ids: known.map(({ id }) => id),
    judged: known.map(({ number }) => number),
    leftOut: documentNumbers.known(leftOut).map(({ number }) => number),
  };
}

/** Only what a reward needs of {@link takeHits}: equal to reading the ranks off the list, and several times as fast. */
export function takeJudged(index: Bm25Index, query: JudgedQuery, limit: number): JudgedRanking {
  const numbers = judgedNumbers(index, query);
  return judgedRanking(index, numbers, takeStandings(index.board, numbers, limit));
}

export function takeStandings(
  board: ScoreBoard,
  { judged, leftOut }: Omit<JudgedNumbers, 'ids'>,
  limit: number,
): Standings {
  return board.takeStandings(judged, leftOut, limit, SHOWN);
}

/** Standings in ids. */
export function judgedRanking(
  { postings }: Bm25Index,
  { ids }: JudgedNumbers,
  { ranks, best, length }: Standings,
): JudgedRanking {
  return {
    ranks: new Map(ids.flatMap((id, i) => (ranks[i] > 0 ? [[id, ranks[i]] as const] : []))),
    top: best.map((document) => postings.ids[document]),
    length,
  };
}

/** How many postings a search goes through. */
export function postingsOf({ postings: { offsets } }: Scoring, { terms }: Pick<BagOfTerms, 'terms'>): number {
  return terms.reduce((sum, { term }) => sum + offsets[term + 1] - offsets[term], 0);
}

/** Adds the score of each document to a board. */
export function addScores(scoring: Scoring, board: ScoreBoard, bag: Pick<BagOfTerms, 'terms'>): void {
  const { postings, divisors, scores } = scoring;
  const { documents, offsets } = postings;
  board.begin(postingsOf(scoring, bag));
  for (const { term, count } of bag.terms) {
    const [start, end] = [offsets[term], offsets[term + 1]];
    if (isPowerOfTwo(count)) {
      board.add(documents, scores, start, end, count);
    } else {
      const own = new Float32Array(end - start);
      writeScores(termWeight(postings, term, count), divisors.subarray(start, end), own);
      board.add(documents.subarray(start, end), own, 0, own.length, 1);
    }
  }
}

/** Such counts scale weight, quotient and difference of a term's score without rounding. */
function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

function writeScores(weight: number, divisors: Float32Array, scores: Float32Array): void {
  for (let i = 0; i < scores.length; i++) scores[i] = termScore(weight, divisors[i]);
}

/** Inverse document frequency times how often the query has the term; float32. */
export function termWeight({ offsets, documentCount }: Scoring['postings'], term: number, count: number): number {
  const containing = offsets[term + 1] - offsets[term];
  return Math.fround(count * Math.fround(Math.log(1 + (documentCount - containing + 0.5) / (containing + 0.5))));
}

/** One term's share of a document's score, every step in float32. */
export function termScore(weight: number, divisor: number): number {
  return Math.fround(weight - Math.fround(weight / divisor));
}
