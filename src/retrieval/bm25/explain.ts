/**
 * @file Why BM25 put a document where it is, term by term or clause by clause, and which change of a query moved it. The parts
 * are computed by the same arithmetic as the ranking, so they add up to the score that was shown.
 */
import { type Bm25Index, takeHits } from './bm25.ts';
import type { QuerySyntax } from './bm25-retriever.ts';
import { addMatches, bagOfWords, understand } from '../syntax/lucene-syntax.ts';
import { type Matches, NO_MATCHES, seek } from '../syntax/matches.ts';
import type { Frequencies } from '../syntax/phrase-frequencies.ts';
import { QueryMatcher } from '../syntax/query-matcher.ts';
import { type PhraseQuery, type Query, type TermQuery, boundedBoost } from '../syntax/query.ts';
import { queryText, textWithoutBoost } from '../syntax/query-text.ts';

/** The part of one term in one document's score; in Lucene's syntax also of a phrase or a pattern. */
export interface TermContribution {
  /** As indexed: lower case and stemmed. Phrases are in quotation marks, `?` for a stop word. */
  readonly term: string;
  /** How often the query has it; in Lucene's syntax with its boosts. */
  readonly count: number;
  /** How often the document has it; above 0. An inexact match of a phrase counts less than 1. */
  readonly frequency: number;
  /** How many documents have it. */
  readonly documentFrequency: number;
  readonly score: number;
}

/** The clause without which a document would have been found, or found elsewhere. */
export interface Exclusion {
  readonly clause: string;
  /** Whether the document lacks what is required, or has what is forbidden. */
  readonly rule: 'required' | 'forbidden';
}

export interface Explanation {
  readonly id: string;
  /**
   * Exactly the score of the ranking. The parts add up to it: in double precision, rounded to float32; nested clauses of
   * Lucene's syntax are rounded one by one, which may change the last digit. 0 when nothing matches.
   */
  readonly score: number;
  /** Terms that query and document share, the largest part first. */
  readonly terms: readonly TermContribution[];
  /** Why the document is not found, when a clause forbids it. */
  readonly excludedBy?: Exclusion;
}

/** Nothing when the index has no such document. */
export function explainBm25(
  index: Bm25Index,
  query: string,
  id: string,
  syntax: QuerySyntax = 'words',
): Explanation | undefined {
  return new QueryExplainer(index, query, syntax).explain(id);
}

/** Explains one query for many documents. */
export class QueryExplainer {
  readonly #index: Bm25Index;
  readonly #matcher: QueryMatcher;
  readonly #query: Query | undefined;
  /** Each clause is searched once. Clauses are distinct objects, even when they are equal. */
  readonly #matches = new Map<Query, Matches>();
  readonly #frequencies = new Map<Query, Frequencies>();

  constructor(index: Bm25Index, text: string, syntax: QuerySyntax) {
    this.#index = index;
    this.#matcher = new QueryMatcher(index);
    this.#query = syntax === 'words' ? bagOfWords(text) : understand(text).query;
  }

  /** Nothing when the index has no such document. */
  explain(id: string): Explanation | undefined {
    const document = this.#index.documentNumbers.find(id);
    if (document === undefined) return undefined;
    if (!this.#query) return { id, score: 0, terms: [] };
    const score = this.#scoreOf(this.#query, 1, document);
    const terms = this.#contributions(this.#query, 1, document).sort((a, b) => b.score - a.score);
    const excludedBy = score === undefined ? this.#exclusion(this.#query, 1, document) : undefined;
    return { id, score: score ?? 0, terms, ...(excludedBy && { excludedBy }) };
  }

  /** Ranks from 1 of all documents that the query finds. */
  ranks(): Map<string, number> {
    addMatches(this.#index, this.#query ? this.#matchesOf(this.#query, 1) : NO_MATCHES);
    return new Map(takeHits(this.#index, this.#index.postings.ids.length).map(({ id }, i) => [id, i + 1]));
  }

  /** The terms of the query with their weights, forbidden clauses as `-clause`, and how many documents have them. */
  terms(): Map<string, { readonly count: number; readonly documentFrequency: number }> {
    const terms = new Map<string, { count: number; documentFrequency: number }>();
    for (const { term, count, documentFrequency } of this.#query ? this.#leaves(this.#query, 1) : []) {
      terms.set(term, { count: count + (terms.get(term)?.count ?? 0), documentFrequency });
    }
    return terms;
  }

  #leaves(query: Query, outerBoost: number): { term: string; count: number; documentFrequency: number }[] {
    const count = boundedBoost(query.boost * outerBoost);
    const documentFrequency = this.#matchesOf(query, outerBoost).documents.length;
    if (query.kind !== 'boolean') return [{ term: textWithoutBoost(query), count, documentFrequency }];
    return query.clauses.flatMap(({ occur, query: part }) => {
      if (occur !== 'not') return this.#leaves(part, count);
      return {
        term: `-${textWithoutBoost(part)}`,
        count: 1,
        documentFrequency: this.#matchesOf(part, 1).documents.length,
      };
    });
  }

  /** Of a query that does not match, no part counts. */
  #contributions(query: Query, outerBoost: number, document: number): TermContribution[] {
    const score = this.#scoreOf(query, outerBoost, document);
    if (score === undefined) return [];
    const count = boundedBoost(query.boost * outerBoost);
    if (query.kind === 'boolean') {
      return query.clauses.flatMap(({ occur, query: part }) =>
        occur === 'not' ? [] : this.#contributions(part, count, document),
      );
    }
    const documentFrequency = this.#matchesOf(query, outerBoost).documents.length;
    const frequency = query.kind === 'terms' ? 1 : this.#frequencyOf(query, document);
    return [{ term: textWithoutBoost(query), count, frequency, documentFrequency, score }];
  }

  #frequencyOf(query: TermQuery | PhraseQuery, document: number): number {
    const { documents, frequencies } = this.#frequencies.get(query) ?? this.#matcher.frequencies(query);
    this.#frequencies.set(query, { documents, frequencies });
    return frequencies[seek(documents, 0, document)];
  }

  /** The innermost clause that keeps a document out which does not match. */
  #exclusion(query: Query, outerBoost: number, document: number): Exclusion | undefined {
    if (query.kind !== 'boolean') return undefined;
    const boost = boundedBoost(query.boost * outerBoost);
    const matches = (part: Query): boolean => this.#scoreOf(part, boost, document) !== undefined;
    const clauses = (wanted: string): Query[] =>
      query.clauses.flatMap(({ occur, query: part }) => (occur === wanted ? [part] : []));
    const missing = clauses('must').find((part) => !matches(part));
    if (missing) {
      return this.#exclusion(missing, boost, document) ?? { clause: queryText(missing), rule: 'required' };
    }
    const forbidden = clauses('not').find(matches);
    if (forbidden) return { clause: queryText(forbidden), rule: 'forbidden' };
    for (const part of clauses('should')) {
      const exclusion = this.#exclusion(part, boost, document);
      if (exclusion) return exclusion;
    }
    return undefined;
  }

  #scoreOf(query: Query, outerBoost: number, document: number): number | undefined {
    const { documents, scores } = this.#matchesOf(query, outerBoost);
    const at = seek(documents, 0, document);
    return documents[at] === document ? scores[at] : undefined;
  }

  #matchesOf(query: Query, outerBoost: number): Matches {
    const known = this.#matches.get(query) ?? this.#matcher.match(query, outerBoost);
    this.#matches.set(query, known);
    return known;
  }
}

export type TermChange = 'added' | 'dropped' | 'reweighted' | 'kept';

/** What a rewrite did to one term of the query. */
export interface ChangedTerm {
  /** As in {@link TermContribution}; `-` stands before a forbidden clause. */
  readonly term: string;
  readonly change: TermChange;
  /** How often the original and the rewrite have it; in Lucene's syntax with its boosts. */
  readonly before: number;
  readonly after: number;
  /** 0 for a term that no document has: it moves nothing. */
  readonly documentFrequency: number;
}

/** How one document fared. */
export interface MovedDocument {
  readonly id: string;
  /** From 1; null when it is not found. */
  readonly rankBefore: number | null;
  readonly rankAfter: number | null;
  readonly scoreBefore: number;
  readonly scoreAfter: number;
  /** Change of the score by term, the largest first; terms that changed nothing are left out. */
  readonly by: readonly { readonly term: string; readonly change: TermChange; readonly score: number }[];
  /** The clause of the rewrite that keeps it out. */
  readonly excludedBy?: Exclusion;
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
  syntax: QuerySyntax = 'words',
): RewriteExplanation {
  const [before, after] = [original, rewrite].map((text) => new QueryExplainer(index, text, syntax));
  const terms = changedTerms(before.terms(), after.terms());
  const changes = new Map(terms.map(({ term, change }) => [term, change]));
  const [ranksBefore, ranksAfter] = [before.ranks(), after.ranks()];
  const documents = ids.flatMap((id): MovedDocument[] => {
    const [was, is] = [before.explain(id), after.explain(id)];
    if (!was || !is) return [];
    return [
      {
        id,
        rankBefore: ranksBefore.get(id) ?? null,
        rankAfter: ranksAfter.get(id) ?? null,
        scoreBefore: was.score,
        scoreAfter: is.score,
        by: scoreChanges(was, is).map(({ term, score }) => ({ term, change: changes.get(term)!, score })),
        ...(is.excludedBy && { excludedBy: is.excludedBy }),
      },
    ];
  });
  return { terms, documents };
}

type QueryTerms = ReturnType<QueryExplainer['terms']>;

function changedTerms(before: QueryTerms, after: QueryTerms): ChangedTerm[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const terms = names.map((term): ChangedTerm => {
    const [countBefore, countAfter] = [before.get(term)?.count ?? 0, after.get(term)?.count ?? 0];
    const { documentFrequency } = (before.get(term) ?? after.get(term))!;
    return {
      term,
      change: changeOf(countBefore, countAfter),
      before: countBefore,
      after: countAfter,
      documentFrequency,
    };
  });
  return [...terms.filter(({ change }) => change !== 'kept'), ...terms.filter(({ change }) => change === 'kept')];
}

function changeOf(before: number, after: number): TermChange {
  if (before === after) return 'kept';
  if (before === 0) return 'added';
  return after === 0 ? 'dropped' : 'reweighted';
}

function scoreChanges(before: Explanation, after: Explanation): { term: string; score: number }[] {
  const changes = new Map<string, number>();
  for (const { term, score } of after.terms) changes.set(term, (changes.get(term) ?? 0) + score);
  for (const { term, score } of before.terms) changes.set(term, (changes.get(term) ?? 0) - score);
  return Array.from(changes, ([term, score]) => ({ term, score }))
    .filter(({ score }) => score !== 0)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}
