/**
 * @file Searches in Lucene's classic query syntax. What is not valid or not supported is searched as plain words, and a note
 * says so: models write `running/walking shoes`, and a reward should not depend on a slash.
 */
import { analyze } from '../analysis/analyzer.ts';
import { type Bm25Index, type QueryTerm, addScores, takeHits } from '../bm25/bm25.ts';
import type { PreparedQuery } from '../bm25/bm25-retriever.ts';
import { type Matches, NO_MATCHES } from './matches.ts';
import { QueryMatcher } from './query-matcher.ts';
import { queryKey, simplify } from './query-rewrite.ts';
import type { Clause, Query } from './query.ts';
import { type ParsedQuery, parseQuery } from './query-syntax.ts';
import type { Hit } from '../retriever.ts';
import { LEAST_SCORE } from '../bm25/score-board.ts';

/** What a query means. */
export interface Understood {
  /** Simplified; nothing when it cannot find anything. */
  readonly query: Query | undefined;
  /** Why it was taken for plain words. */
  readonly note?: string;
}

/** Reads a query in the syntax, or as plain words when it is wrong. */
export function understand(text: string): Understood {
  const parsed = parseQuery(text);
  if (parsed.kind === 'query') return { query: parsed.query && simplify(parsed.query) };
  return { query: bagOfWords(text), note: noteOf(parsed) };
}

/** Plain words as a query: each an optional clause, weighing as often as it occurs. */
export function bagOfWords(text: string): Query | undefined {
  const clauses = analyze(text).map((term) => ({
    occur: 'should' as const,
    query: { kind: 'term' as const, term, boost: 1 },
  }));
  return simplify({ kind: 'boolean', clauses, boost: 1 });
}

function noteOf(parsed: Exclude<ParsedQuery, { kind: 'query' }>): string {
  return parsed.kind === 'malformed'
    ? `This is not valid query syntax, for ${parsed.reason}; it was searched as plain words.`
    : `This query has ${parsed.reason}, which is not supported; it was searched as plain words.`;
}

/** Queries in the syntax over one index. */
export class SyntaxSearch {
  readonly #index: Bm25Index;
  readonly #matcher: QueryMatcher;

  constructor(index: Bm25Index) {
    this.#index = index;
    this.#matcher = new QueryMatcher(index);
  }

  prepare(text: string): PreparedQuery {
    const index = this.#index;
    const { query, ...note } = understand(text);
    const terms = query ? bagOf(query, index) : [];
    const fillBoard = (): void => {
      if (terms) addScores(index, index.board, { terms });
      else addMatches(index, query ? this.#matcher.match(query) : NO_MATCHES);
    };
    return { key: query ? queryKey(query) : '', terms, addScores: fillBoard, ...note };
  }

  /**
   * The best `limit` documents, best first; equal scores in the order of their ids.
   *
   * @throws UserError for a phrase when the index has no positions.
   */
  search(text: string, limit: number): { readonly hits: Hit[]; readonly note?: string } {
    const query = this.prepare(text);
    query.addScores();
    return { hits: takeHits(this.#index, limit), ...(query.note !== undefined && { note: query.note }) };
  }
}

/** A query without operators as terms of the index, which the index ranks faster; nothing for another. */
function bagOf(query: Query, { postings }: Bm25Index): QueryTerm[] | undefined {
  const isPlain = query.kind === 'boolean' && query.boost === 1;
  const clauses: readonly Clause[] = isPlain ? query.clauses : [{ occur: 'should', query }];
  const bag: QueryTerm[] = [];
  for (const { occur, query: part } of clauses) {
    if (occur !== 'should' || part.kind !== 'term' || !isCount(part.boost)) return undefined;
    const term = postings.terms.get(part.term);
    if (term !== undefined) bag.push({ term, count: part.boost });
  }
  return bag;
}

function isCount(boost: number): boolean {
  return Number.isInteger(boost) && boost > 0 && boost < 2 ** 31;
}

/** Puts matches onto the index's board. */
export function addMatches({ board }: Bm25Index, { documents, scores }: Matches): void {
  const positive = scores.map((score) => score || LEAST_SCORE);
  board.begin(documents.length);
  board.add(documents, positive, 0, documents.length, 1);
}
