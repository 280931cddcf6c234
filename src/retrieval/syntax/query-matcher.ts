/**
 * @file Which documents a query in Lucene's syntax finds, and with which BM25 scores: equal to Lucene's to the last bit.
 *
 * A clause is evaluated for all documents at once, as a list. A phrase scores like one term whose weight is the sum of its
 * terms' and whose frequency is how often the phrase occurs.
 */
import { type Bm25Index, termScore, termWeight } from '../bm25/bm25.ts';
import { type Matches, MatchUnion, NO_MATCHES, intersection, withOptional, without } from './matches.ts';
import { type Frequencies, phraseFrequencies } from './phrase-frequencies.ts';
import {
  type BooleanQuery,
  type Occur,
  type PhraseQuery,
  type Query,
  type TermQuery,
  type TermSetQuery,
  boundedBoost,
} from './query.ts';

export class QueryMatcher {
  readonly #index: Bm25Index;
  readonly #union: MatchUnion;

  constructor(index: Bm25Index) {
    this.#index = index;
    this.#union = new MatchUnion(index.postings.ids.length);
  }

  /**
   * The documents that a query finds; not to be changed, for they may be the index's own memory.
   *
   * @param outerBoost what the queries around it multiply its scores with.
   * @throws UserError for a phrase when the index has no positions.
   */
  match(query: Query, outerBoost = 1): Matches {
    const boost = boundedBoost(query.boost * outerBoost);
    switch (query.kind) {
      case 'term':
        return this.#matchTerm(query.term, boost);
      case 'phrase':
        return this.#matchPhrase(query, boost);
      case 'terms':
        return this.#matchTerms(query, boost);
      case 'boolean':
        return this.#matchClauses(query, boost);
    }
  }

  /** How often a term or a phrase occurs. */
  frequencies(query: TermQuery | PhraseQuery): Frequencies {
    const { postings } = this.#index;
    if (query.kind === 'phrase') {
      const phrase = this.#indexed(query);
      return phrase ? phraseFrequencies(postings, phrase, query.slop) : NO_FREQUENCIES;
    }
    const [start, end] = this.#rangeOf(query.term);
    return {
      documents: postings.documents.subarray(start, end),
      frequencies: Float32Array.from(postings.frequencies.subarray(start, end)),
    };
  }

  #matchTerm(word: string, boost: number): Matches {
    const { postings, divisors, scores } = this.#index;
    const term = postings.terms.get(word);
    if (term === undefined) return NO_MATCHES;
    const [start, end] = this.#rangeOf(word);
    const documents = postings.documents.subarray(start, end);
    if (boost === 1) return { documents, scores: scores.subarray(start, end) };
    const weight = termWeight(postings, term, boost);
    return { documents, scores: divisors.slice(start, end).map((divisor) => termScore(weight, divisor)) };
  }

  #matchPhrase(query: PhraseQuery, boost: number): Matches {
    const phrase = this.#indexed(query);
    if (!phrase) return NO_MATCHES;
    const { lengthFactors, postings } = this.#index;
    const { documents, frequencies } = phraseFrequencies(postings, phrase, query.slop);
    const idf = phrase.reduce((sum, { term }) => sum + termWeight(postings, term, 1), 0);
    const weight = Math.fround(boost * Math.fround(idf));
    const scores = frequencies.map((frequency, i) => {
      const factor = lengthFactors[postings.lengths[documents[i]]];
      return termScore(weight, Math.fround(1 + Math.fround(frequency * factor)));
    });
    return { documents, scores };
  }

  #matchTerms({ has }: TermSetQuery, boost: number): Matches {
    const { terms, offsets, documents } = this.#index.postings;
    const lists: Matches[] = [];
    for (const [word, term] of terms) {
      if (!has(word)) continue;
      const list = documents.subarray(offsets[term], offsets[term + 1]);
      lists.push({ documents: list, scores: new Float32Array(list.length) });
    }
    const found = this.#union.of(lists);
    return { documents: found.documents, scores: new Float32Array(found.documents.length).fill(boost) };
  }

  #matchClauses({ clauses }: BooleanQuery, boost: number): Matches {
    const matchesOf = (wanted: Occur): Matches[] =>
      clauses.flatMap(({ occur, query }) => (occur === wanted ? this.match(query, boost) : []));
    const required = matchesOf('must');
    if (required.some(({ documents }) => documents.length === 0)) return NO_MATCHES;
    const optional = this.#union.of(matchesOf('should'));
    const wanted = required.length === 0 ? optional : withOptional(intersection(required), optional);
    return matchesOf('not').reduce(without, wanted);
  }

  /** Nothing when the index lacks one of the words. */
  #indexed({ terms }: PhraseQuery): { readonly term: number; readonly offset: number }[] | undefined {
    const words = terms.map(({ term, position }) => ({ term: this.#index.postings.terms.get(term), offset: position }));
    const known = words.filter((word): word is { term: number; offset: number } => word.term !== undefined);
    return known.length === words.length ? known : undefined;
  }

  /** The postings of a word. */
  #rangeOf(word: string): readonly [start: number, end: number] {
    const { terms, offsets } = this.#index.postings;
    const term = terms.get(word);
    return term === undefined ? [0, 0] : [offsets[term], offsets[term + 1]];
  }
}

const NO_FREQUENCIES: Frequencies = { documents: new Uint32Array(), frequencies: new Float32Array() };
