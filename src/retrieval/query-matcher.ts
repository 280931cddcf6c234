/**
 * @file Which documents a query in Lucene's syntax finds, and with which BM25 scores: equal to Lucene's to the last bit.
 *
 * A clause is evaluated for all documents at once, as a list. A phrase scores like one term whose weight is the sum of its
 * terms' and whose frequency is how often the phrase occurs.
 */
import { UserError } from '../base/errors.ts';
import { type Bm25Index, termScore, termWeight } from './bm25.ts';
import {
  type Matches,
  MatchUnion,
  NO_MATCHES,
  emptyMatches,
  head,
  intersection,
  seek,
  withOptional,
  without,
} from './matches.ts';
import { type PhraseWord, exactFrequency, sloppyFrequency } from './phrase.ts';
import { PositionCursor } from './positions.ts';
import type { BooleanQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery } from './query-syntax.ts';

/** How often a clause occurs in each document that has it, and what one occurrence weighs. */
export interface Occurrences {
  readonly documents: Uint32Array;
  readonly frequencies: Float32Array;
  readonly weight: number;
}

export class QueryMatcher {
  readonly #index: Bm25Index;
  readonly #union: MatchUnion;

  constructor(index: Bm25Index) {
    this.#index = index;
    this.#union = new MatchUnion(index.postings.ids.length);
  }

  /**
   * The documents that a query finds.
   *
   * @param outerBoost what the queries around it multiply its scores with.
   * @throws UserError for a phrase when the index has no positions.
   */
  match(query: Query, outerBoost = 1): Matches {
    const boost = Math.fround(query.boost * outerBoost);
    switch (query.kind) {
      case 'term':
      case 'phrase':
        return this.#score(this.occurrences(query, boost));
      case 'terms':
        return this.#matchTerms(query, boost);
      case 'boolean':
        return this.#matchClauses(query, boost);
    }
  }

  /** Where a term or a phrase occurs; of a phrase, a sloppy match counts less than 1. */
  occurrences(query: TermQuery | PhraseQuery, boost: number): Occurrences {
    return query.kind === 'term' ? this.#termOccurrences(query.term, boost) : this.#phraseOccurrences(query, boost);
  }

  #termOccurrences(word: string, boost: number): Occurrences {
    const { postings } = this.#index;
    const term = postings.terms.get(word);
    if (term === undefined) return NO_OCCURRENCES;
    const [start, end] = [postings.offsets[term], postings.offsets[term + 1]];
    return {
      documents: postings.documents.subarray(start, end),
      frequencies: Float32Array.from(postings.frequencies.subarray(start, end)),
      weight: termWeight(postings, term, boost),
    };
  }

  #phraseOccurrences({ terms, slop }: PhraseQuery, boost: number): Occurrences {
    const { postings } = this.#index;
    const numbers = terms.map(({ term }) => postings.terms.get(term));
    const phrase = numbers.flatMap((term, i) => (term === undefined ? [] : { term, offset: terms[i].position }));
    if (phrase.length < terms.length) return NO_OCCURRENCES;
    const idf = phrase.reduce((sum, { term }) => sum + termWeight(postings, term, 1), 0);
    const found = emptyMatches(
      Math.min(...phrase.map(({ term }) => postings.offsets[term + 1] - postings.offsets[term])),
    );
    let count = 0;
    this.#forEachCandidate(phrase, (document, words) => {
      const frequency = slop === 0 ? exactFrequency(words) : sloppyFrequency(words, slop);
      if (frequency === 0) return;
      found.documents[count] = document;
      found.scores[count++] = frequency;
    });
    const { documents, scores: frequencies } = head(found, count);
    return { documents, frequencies, weight: Math.fround(boost * Math.fround(idf)) };
  }

  /** Documents that have all terms of a phrase, with the positions of its words. */
  #forEachCandidate(
    phrase: readonly { readonly term: number; readonly offset: number }[],
    visit: (document: number, words: PhraseWord[]) => void,
  ): void {
    const { postings } = this.#index;
    const { positions, offsets } = postings;
    if (!positions) {
      throw new UserError(
        'This index has no word positions, which a phrase in quotation marks needs; build it again with rec-r1 index --positions.',
      );
    }
    const lists = Array.from(new Set(phrase.map(({ term }) => term)), (term) => ({
      term,
      documents: postings.documents.subarray(offsets[term], offsets[term + 1]),
      cursor: new PositionCursor(postings, positions, term),
      at: 0,
    }));
    lists.sort((a, b) => a.documents.length - b.documents.length);
    for (const document of lists[0].documents) {
      const everywhere = lists.every((list) => {
        list.at = seek(list.documents, list.at, document);
        return list.documents[list.at] === document;
      });
      if (!everywhere) continue;
      const read = new Map(lists.map(({ term, cursor, at }) => [term, cursor.read(offsets[term] + at)]));
      visit(document, phrase.map(({ term, offset }) => ({ term, offset, positions: read.get(term)! }))); // prettier-ignore
    }
  }

  #score({ documents, frequencies, weight }: Occurrences): Matches {
    const { lengthFactors, postings } = this.#index;
    const scores = new Float32Array(documents.length);
    for (let i = 0; i < scores.length; i++) {
      const factor = lengthFactors[postings.lengths[documents[i]]];
      scores[i] = termScore(weight, Math.fround(1 + Math.fround(frequencies[i] * factor)));
    }
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
    return { documents: found.documents, scores: found.scores.fill(boost) };
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
}

const NO_OCCURRENCES: Occurrences = { documents: new Uint32Array(), frequencies: new Float32Array(), weight: 0 };
