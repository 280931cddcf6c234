/**
 * @file The inverted index of a corpus: which document has which term how often. Scores and their parameters are not here.
 *
 * One training step searches hundreds of times, so postings are flat typed arrays; documents are numbered in the order of
 * their ids, so that the smaller number wins a tie.
 */
import { UserError } from '../../base/errors.ts';
import { compareCodePoints } from '../../base/order.ts';
import { ownString } from '../../base/own-string.ts';
import { documentText } from '../../data/document-text.ts';
import type { Document } from '../../data/task.ts';
import { GrowingUint32Array } from './growing-array.ts';
import { encodeLength } from './length-byte.ts';
import { type Positions, PositionsBuilder } from './positions.ts';
import { MAX_DOCUMENTS } from './score-board.ts';
import { sharedUint32Array } from './shared-arrays.ts';
import { TermNumbers } from '../analysis/term-numbers.ts';

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
export function countPostings(documents: Iterable<Document>, options: CountOptions = {}): Postings {
  const counter = new PostingsCounter(options);
  for (const document of documents) counter.add(document);
  return counter.finish();
}

/** Counts document after document, in any order, and keeps no text. */
export class PostingsCounter {
  /** In the order of arrival, as all that follows. */
  readonly #ids: string[] = [];
  readonly #lengths = new GrowingUint32Array();
  /** Where each document's postings begin. */
  readonly #starts = new GrowingUint32Array();
  /** Postings, document after document. */
  readonly #termOf = new GrowingUint32Array();
  readonly #frequencyOf = new GrowingUint32Array();
  readonly #terms = new Map<string, number>();
  readonly #termNumbers = new TermNumbers((term) => numberFor(this.#terms, term));
  readonly #positions: PositionsBuilder | undefined;
  readonly #addPosition: ((term: number, position: number) => void) | undefined;

  constructor({ positions }: CountOptions = {}) {
    this.#positions = positions ? new PositionsBuilder() : undefined;
    this.#addPosition = this.#positions?.add.bind(this.#positions);
  }

  /** @throws UserError when an index holds no more documents. */
  add(document: Document): void {
    if (this.#ids.length === MAX_DOCUMENTS) {
      throw new UserError(`The corpus has more than ${MAX_DOCUMENTS} documents; an index holds no more.`);
    }
    this.#ids.push(ownString(document.id));
    this.#starts.push(this.#termOf.length);
    this.#positions?.beginDocument();
    let length = 0;
    for (const [term, frequency] of countTerms(this.#termNumbers, documentText(document), this.#addPosition)) {
      length += frequency;
      this.#termOf.push(term);
      this.#frequencyOf.push(frequency);
    }
    this.#lengths.push(length);
  }

  /** What was counted. Nothing may be added after this. */
  finish(): Postings {
    this.#starts.push(this.#termOf.length);
    const lengths = this.#lengths.view();
    const order = orderOf(this.#ids);
    const byTerm = this.#sortByTerm(order);
    const positions = this.#positions?.build(byTerm, order);
    return {
      ids: Array.from(order, (arrival) => this.#ids[arrival]),
      terms: this.#terms,
      ...byTerm,
      lengths: Uint8Array.from(order, (arrival) => encodeLength(lengths[arrival])),
      documentCount: lengths.reduce((count, length) => count + Number(length > 0), 0),
      wordCount: lengths.reduce((sum, length) => sum + length, 0),
      ...(positions && { positions }),
    };
  }

  /** Counting sort of postings by their term, and by document number within a term. */
  #sortByTerm(order: Uint32Array): Pick<Postings, 'offsets' | 'documents' | 'frequencies'> {
    const [termOf, frequencyOf, starts] = [this.#termOf.view(), this.#frequencyOf.view(), this.#starts.view()];
    const offsets = offsetsOf(termOf, this.#terms.size);
    const next = offsets.slice(0, -1);
    const documents = sharedUint32Array(termOf.length);
    const frequencies = new Uint32Array(termOf.length);
    order.forEach((arrival, number) => {
      for (let i = starts[arrival]; i < starts[arrival + 1]; i++) {
        const at = next[termOf[i]]++;
        documents[at] = number;
        frequencies[at] = frequencyOf[i];
      }
    });
    return { offsets, documents, frequencies };
  }
}

/** [documents] numbers of arrival in the order of the ids' UTF-8 bytes. */
function orderOf(ids: readonly string[]): Uint32Array {
  return Uint32Array.from(ids.keys()).sort((a, b) => compareCodePoints(ids[a], ids[b]));
}

/** [terms + 1] where each term's entries begin once `termOf` is sorted. */
export function offsetsOf(termOf: Uint32Array, termCount: number): Uint32Array {
  const offsets = sharedUint32Array(termCount + 1);
  for (const term of termOf) offsets[term + 1]++;
  for (let term = 0; term < termCount; term++) offsets[term + 1] += offsets[term];
  return offsets;
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
