/** @file Queries with operators, as data: clauses of terms and phrases, in Lucene's notions. */
import type { PositionedTerm } from '../analysis/analyzer.ts';

/** So that no score overflows, however deep boosts are nested; Lucene has no such bound. */
const MAX_BOOST = 2 ** 100;

export type Occur = 'must' | 'should' | 'not';

export interface Clause {
  readonly occur: Occur;
  readonly query: Query;
}

export interface TermQuery {
  readonly kind: 'term';
  readonly term: string;
  /** Float32; what `^` multiplies with. */
  readonly boost: number;
}

export interface PhraseQuery {
  readonly kind: 'phrase';
  /** At least two; the first at position 0. */
  readonly terms: readonly PositionedTerm[];
  /** By how many positions the terms may be out of place; 0 for an exact phrase. */
  readonly slop: number;
  readonly boost: number;
}

/** Documents with any of a set of terms, all with the same score. */
export interface TermSetQuery {
  readonly kind: 'terms';
  readonly form: 'prefix' | 'pattern' | 'range';
  /** As written; with the form, equal for equal sets. */
  readonly label: string;
  readonly has: (term: string) => boolean;
  readonly boost: number;
}

export interface BooleanQuery {
  readonly kind: 'boolean';
  readonly clauses: readonly Clause[];
  readonly boost: number;
}

export type Query = TermQuery | PhraseQuery | TermSetQuery | BooleanQuery;

/** A query that weighs `factor` times as much. */
export function boosted<Q extends Query>(query: Q, factor: number): Q {
  return factor === 1 ? query : { ...query, boost: boundedBoost(factor * query.boost) };
}

/** As float32, and not so large that a score could overflow. */
export function boundedBoost(boost: number): number {
  return Math.min(Math.fround(boost), MAX_BOOST);
}
