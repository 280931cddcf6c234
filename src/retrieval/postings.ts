/**
 * @file The inverted index of a corpus: which document has which term how often. Scores and their parameters are not here.
 *
 * One training step searches hundreds of times, so postings are flat typed arrays; documents are numbered in the order of
 * their ids, so that the smaller number wins a tie.
 */
import { UserError } from '../base/errors.ts';
import { compareCodePoints } from '../base/order.ts';
import { documentText } from '../data/document-text.ts';
import type { Document } from '../data/task.ts';
import { GrowingUint32Array } from './growing-array.ts';
import { encodeLength } from './length-byte.ts';
import { type Positions, PositionsBuilder } from './positions.ts';
import { MAX_DOCUMENTS } from './score-board.ts';
import { TermNumbers } from './term-numbers.ts';

/** What is counted once per corpus. */
export interface Postings {
  /** Ids by document number, in the order of their UTF-8 bytes. */
  readonly ids: readonly string[];
  /** Term to its number. */
  readonly terms: ReadonlyMap<string, number>;
  /** [terms + 1] where each term's postings begin. */
  readonly offsets: Uint32Array;
  /** [postings] document numbers, rising within a term. */
  readonly documents: Uint32Array;
  /** [postings] how often the term occurs in the document. */
  readonly frequencies: Uint32Array;
  /** [documents] length in words, in one byte. */
  readonly lengths: Uint8Array;
  /** Documents that have at least one term: Lucene's count, without empty ones. */
  readonly documentCount: number;
  /** Words over all documents, exact. */
  readonly wordCount: number;
  /** Only when they were asked for; phrases need them. */
  readonly positions?: Positions;
}

export interface CountOptions {
  /** Also keeps where each word stands, which makes the index about twice as large. */
  readonly positions?: boolean;
}

/**
 * Analyses and counts a corpus. Ids must be unique.
 *
 * @throws UserError for a corpus of more than four million documents.
 */
export function countPostings(documents: readonly Document[], { positions }: CountOptions = {}): Postings {
  if (documents.length > MAX_DOCUMENTS) {
    throw new UserError(`The corpus has ${documents.length} documents; an index holds at most ${MAX_DOCUMENTS}.`);
  }
  const sorted = [...documents].sort((a, b) => compareCodePoints(a.id, b.id));
  const terms = new Map<string, number>();
  const termNumbers = new TermNumbers((term) => numberFor(terms, term));
  const lengths = new Uint8Array(sorted.length);
  // In order of documents; sorted by term below.
  const [termOf, documentOf, frequencyOf] = [
    new GrowingUint32Array(),
    new GrowingUint32Array(),
    new GrowingUint32Array(),
  ];
  const positionsBuilder = positions ? new PositionsBuilder() : undefined;
  const addPosition = positionsBuilder?.add.bind(positionsBuilder);
  let documentCount = 0;
  let wordCount = 0;
  sorted.forEach((document, number) => {
    let length = 0;
    for (const [term, frequency] of countTerms(termNumbers, documentText(document), addPosition)) {
      length += frequency;
      termOf.push(term);
      documentOf.push(number);
      frequencyOf.push(frequency);
    }
    if (length > 0) documentCount++;
    wordCount += length;
    lengths[number] = encodeLength(length);
  });
  const ids = sorted.map(({ id }) => id);
  const byTerm = sortByTerm(termOf.view(), documentOf.view(), frequencyOf.view(), terms.size);
  const counted = { ids, terms, ...byTerm, lengths, documentCount, wordCount };
  return positionsBuilder ? { ...counted, positions: positionsBuilder.build(byTerm) } : counted;
}

function numberFor(terms: Map<string, number>, term: string): number {
  const known = terms.get(term);
  if (known !== undefined) return known;
  terms.set(term, terms.size);
  return terms.size - 1;
}

/** The terms of a text by number, each with how often it occurs; `visit` is told of every occurrence. */
export function countTerms(
  termNumbers: TermNumbers,
  text: string,
  visit?: (term: number, position: number) => void,
): Map<number, number> {
  const counts = new Map<number, number>();
  termNumbers.forEach(text, (term, position) => {
    counts.set(term, (counts.get(term) ?? 0) + 1);
    visit?.(term, position);
  });
  return counts;
}

/** Stable counting sort of postings by their term. */
function sortByTerm(
  termOf: Uint32Array,
  documentOf: Uint32Array,
  frequencyOf: Uint32Array,
  termCount: number,
): Pick<Postings, 'offsets' | 'documents' | 'frequencies'> {
  const offsets = new Uint32Array(termCount + 1);
  for (const term of termOf) offsets[term + 1]++;
  for (let term = 0; term < termCount; term++) offsets[term + 1] += offsets[term];
  const next = offsets.slice(0, -1);
  const documents = new Uint32Array(termOf.length);
  const frequencies = new Uint32Array(termOf.length);
  for (let i = 0; i < termOf.length; i++) {
    const at = next[termOf[i]]++;
    documents[at] = documentOf[i];
    frequencies[at] = frequencyOf[i];
  }
  return { offsets, documents, frequencies };
}
