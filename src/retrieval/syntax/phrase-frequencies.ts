/** @file How often a phrase occurs in each document of an index that has it. */
import { UserError } from '../../base/errors.ts';
import { seek } from './matches.ts';
import { type PhraseWord, exactFrequency, sloppyFrequency } from './phrase.ts';
import { PositionCursor } from '../bm25/positions.ts';
import type { Postings } from '../bm25/postings.ts';

/** How often something occurs in each document that has it. */
export interface Frequencies {
  /** Document numbers, rising. */
  readonly documents: Uint32Array;
  /** Above 0; inexact occurrences of a phrase count less than 1. */
  readonly frequencies: Float32Array;
}

/** A word of a phrase: its term, and its place in the phrase. */
type IndexedWord = Pick<PhraseWord, 'term' | 'offset'>;

/**
 * Finds a phrase of at least one word.
 *
 * @param slop by how many positions words may be out of place; 0 for an exact phrase.
 * @throws UserError when the index has no positions.
 */
export function phraseFrequencies(postings: Postings, phrase: readonly IndexedWord[], slop: number): Frequencies {
  const documents: number[] = [];
  const frequencies: number[] = [];
  forEachCandidate(postings, phrase, (document, words) => {
    const frequency = slop === 0 ? exactFrequency(words) : sloppyFrequency(words, slop);
    if (frequency === 0) return;
    documents.push(document);
    frequencies.push(frequency);
  });
  return { documents: Uint32Array.from(documents), frequencies: Float32Array.from(frequencies) };
}

/** Documents that have all terms of a phrase, with the positions of its words. */
function forEachCandidate(
  postings: Postings,
  phrase: readonly IndexedWord[],
  visit: (document: number, words: PhraseWord[]) => void,
): void {
  const terms = termsOf(postings, phrase);
  for (const document of terms[0].documents) {
    const hasAll = terms.every((term) => {
      term.at = seek(term.documents, term.at, document);
      return term.documents[term.at] === document;
    });
    if (!hasAll) continue;
    const positions = new Map(terms.map(({ term, start, cursor, at }) => [term, cursor.read(start + at)]));
    visit(document, phrase.map(({ term, offset }) => ({ term, offset, positions: positions.get(term)! }))); // prettier-ignore
  }
}

/** A term while its postings are walked through. */
interface WalkedTerm {
  readonly term: number;
  readonly documents: Uint32Array;
  readonly cursor: PositionCursor;
  /** Where its postings begin, and how far the walk is from there. */
  readonly start: number;
  at: number;
}

/** Each term of a phrase once, the rarest first. */
function termsOf(postings: Postings, phrase: readonly IndexedWord[]): WalkedTerm[] {
  const { positions, offsets } = postings;
  if (!positions) {
    throw new UserError(
      'This index has no word positions, which a phrase in quotation marks needs; build it again with rec-r1 index --positions.',
    );
  }
  const terms = Array.from(new Set(phrase.map(({ term }) => term)), (term): WalkedTerm => {
    const documents = postings.documents.subarray(offsets[term], offsets[term + 1]);
    return { term, documents, cursor: new PositionCursor(postings, positions, term), start: offsets[term], at: 0 };
  });
  return terms.sort((a, b) => a.documents.length - b.documents.length);
}
