/**
 * @file Why BM25 put a document where it is, term by term, and which change of a query moved it. The parts are computed by
 * the same arithmetic as the ranking, so they add up to the score that was shown.
 */
import { binarySearch } from '../base/order.ts';
import { analyze } from './analyzer.ts';
import { type Bm25Index, bagOfTerms, rankBag, termScore, termWeight } from './bm25.ts';
import type { Postings } from './postings.ts';

/** One term's part in one document's score. */
export interface TermContribution {
  /** As indexed: lower case and stemmed. */
  readonly term: string;
  /** How often the query has it. */
  readonly count: number;
  /** How often the document has it; above 0. */
  readonly frequency: number;
  /** How many documents have it. */
  readonly documentFrequency: number;
  readonly score: number;
}

export interface Explanation {
  readonly id: string;
  /** Exactly the score of the ranking: the parts added in double precision and rounded to float32. 0 when nothing matches. */
  readonly score: number;
  /** Terms that query and document share, the largest part first. */
  readonly terms: readonly TermContribution[];
}

/** Nothing when the index has no such document. */
export function explainBm25(index: Bm25Index, query: string, id: string): Explanation | undefined {
  const document = index.documentNumbers.find(id);
  if (document === undefined) return undefined;
  const counts = knownTerms(index, query);
  const terms = counts.flatMap(({ word, term, count }) => contribution(index, document, word, term, count) ?? []);
  const score = Math.fround(terms.reduce((sum, part) => sum + part.score, 0));
  return { id, score, terms: terms.sort((a, b) => b.score - a.score) };
}

export type TermChange = 'added' | 'dropped' | 'reweighted' | 'kept';

/** What a rewrite did to one term of the query. */
export interface ChangedTerm {
  readonly term: string;
  readonly change: TermChange;
  /** How often the original and the rewrite have it. */
  readonly before: number;
  readonly after: number;
  /** 0 for a term that no document has: it moves nothing. */
  readonly documentFrequency: number;
}

/** How one document fared. */
export interface MovedDocument {
  readonly id: string;
  /** From 1; null when no term matches. */
  readonly rankBefore: number | null;
  readonly rankAfter: number | null;
  readonly scoreBefore: number;
  readonly scoreAfter: number;
  /** Change of the score by term, the largest first; terms that changed nothing are left out. */
  readonly by: readonly { readonly term: string; readonly change: TermChange; readonly score: number }[];
}

export interface RewriteExplanation {
  /** Terms of either query: first what was added, dropped or re-weighted, in the order of the queries. */
  readonly terms: readonly ChangedTerm[];
  readonly documents: readonly MovedDocument[];
}

/** What a rewrite changed against its original, for the documents that are asked for; unknown ids are left out. */
export function explainRewrite(
  index: Bm25Index,
  original: string,
  rewrite: string,
  ids: readonly string[],
): RewriteExplanation {
  const terms = changedTerms(index, original, rewrite);
  const changes = new Map(terms.map(({ term, change }) => [term, change]));
  const [ranksBefore, ranksAfter] = [ranksOf(index, original), ranksOf(index, rewrite)];
  const documents = ids.flatMap((id) => {
    const before = explainBm25(index, original, id);
    const after = explainBm25(index, rewrite, id);
    if (!before || !after) return [];
    return {
      id,
      rankBefore: ranksBefore.get(id) ?? null,
      rankAfter: ranksAfter.get(id) ?? null,
      scoreBefore: before.score,
      scoreAfter: after.score,
      by: scoreChanges(before, after).map(({ term, score }) => ({ term, change: changes.get(term)!, score })),
    };
  });
  return { terms, documents };
}

function changedTerms(index: Bm25Index, original: string, rewrite: string): ChangedTerm[] {
  const before = countWords(analyze(original));
  const after = countWords(analyze(rewrite));
  const words = [...new Set([...before.keys(), ...after.keys()])];
  const terms = words.map((word) => changedTerm(index.postings, word, before.get(word) ?? 0, after.get(word) ?? 0));
  return [...terms.filter(({ change }) => change !== 'kept'), ...terms.filter(({ change }) => change === 'kept')];
}

function changedTerm(postings: Postings, term: string, before: number, after: number): ChangedTerm {
  const number = postings.terms.get(term);
  const documentFrequency = number === undefined ? 0 : documentFrequencyOf(postings, number);
  return { term, change: changeOf(before, after), before, after, documentFrequency };
}

function countWords(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function changeOf(before: number, after: number): TermChange {
  if (before === after) return 'kept';
  if (before === 0) return 'added';
  return after === 0 ? 'dropped' : 'reweighted';
}

function scoreChanges(before: Explanation, after: Explanation): { term: string; score: number }[] {
  const changes = new Map(after.terms.map(({ term, score }) => [term, score]));
  for (const { term, score } of before.terms) changes.set(term, (changes.get(term) ?? 0) - score);
  return Array.from(changes, ([term, score]) => ({ term, score }))
    .filter(({ score }) => score !== 0)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

function ranksOf(index: Bm25Index, query: string): Map<string, number> {
  const hits = rankBag(index, bagOfTerms(index, query), index.postings.ids.length);
  return new Map(hits.map(({ id }, i) => [id, i + 1]));
}

/** In the order in which the ranking adds them. */
function knownTerms({ postings }: Bm25Index, query: string): { word: string; term: number; count: number }[] {
  const known = Array.from(countWords(analyze(query)), ([word, count]) => ({
    word,
    term: postings.terms.get(word),
    count,
  }));
  return known
    .flatMap(({ word, term, count }) => (term === undefined ? [] : { word, term, count }))
    .sort((a, b) => a.term - b.term);
}

function contribution(
  index: Bm25Index,
  document: number,
  word: string,
  term: number,
  count: number,
): TermContribution | undefined {
  const { postings } = index;
  const at = postingOf(postings, term, document);
  if (at === undefined) return undefined;
  return {
    term: word,
    count,
    frequency: postings.frequencies[at],
    documentFrequency: documentFrequencyOf(postings, term),
    score: termScore(termWeight(postings, term, count), index.divisors[at]),
  };
}

function documentFrequencyOf({ offsets }: Postings, term: number): number {
  return offsets[term + 1] - offsets[term];
}

function postingOf({ offsets, documents }: Postings, term: number, document: number): number | undefined {
  return binarySearch(offsets[term], offsets[term + 1], (at) => documents[at] - document);
}
