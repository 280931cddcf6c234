/**
 * @file Where in its documents each term stands: what phrases need and nothing else does, so an index has it only when asked.
 *
 * A position counts words from 0 with stop words included, so that `state of art` keeps the gap that `of` left. Kept as in
 * the file, a byte for most of them: per posting the first position, then the distance of each from the one before.
 */
import { GrowingUint32Array } from './growing-array.ts';
import { offsetsOf, type Postings } from './postings.ts';
import { VarintReader, VarintWriter } from './varint.ts';

export interface Positions {
  readonly bytes: Uint8Array;
  /** [terms + 1] where each term's bytes begin. */
  readonly starts: Float64Array;
}

/** Gathers positions while a corpus is counted, document after document. */
export class PositionsBuilder {
  /** One entry per word of the corpus, in its order. */
  readonly #terms = new GrowingUint32Array();
  readonly #positions = new GrowingUint32Array();
  /** Where each document's words begin. */
  readonly #starts = new GrowingUint32Array();

  beginDocument(): void {
    this.#starts.push(this.#terms.length);
  }

  add(term: number, position: number): void {
    this.#terms.push(term);
    this.#positions.push(position);
  }

  /**
   * The positions in the order of finished postings of the same documents.
   *
   * @param order [documents] the documents by their numbers of arrival, in the order in which the postings have them.
   */
  build({ offsets, frequencies }: Pick<Postings, 'offsets' | 'frequencies'>, order: Uint32Array): Positions {
    const sorted = this.#sortByTerm(offsets.length - 1, order);
    const starts = new Float64Array(offsets.length);
    const writer = new VarintWriter();
    let next = 0;
    for (let term = 0; term + 1 < offsets.length; term++) {
      for (let at = offsets[term]; at < offsets[term + 1]; at++) {
        let before = 0;
        for (const end = next + frequencies[at]; next < end; next++) {
          writer.write(sorted[next] - before);
          before = sorted[next];
        }
      }
      starts[term + 1] = writer.view().length;
    }
    return { bytes: writer.view().slice(), starts };
  }

  /** Counting sort: within a term, document after document. */
  #sortByTerm(termCount: number, order: Uint32Array): Uint32Array {
    this.beginDocument(); // the end of the last one
    const [terms, positions, starts] = [this.#terms.view(), this.#positions.view(), this.#starts.view()];
    const next = offsetsOf(terms, termCount);
    const sorted = new Uint32Array(terms.length);
    for (const arrival of order) {
      for (let i = starts[arrival]; i < starts[arrival + 1]; i++) sorted[next[terms[i]]++] = positions[i];
    }
    return sorted;
  }
}

/** Reads one term's positions document by document, forwards. */
export class PositionCursor {
  readonly #frequencies: Uint32Array;
  readonly #reader: VarintReader;
  #next: number;

  constructor(
    { offsets, frequencies }: Pick<Postings, 'offsets' | 'frequencies'>,
    { bytes, starts }: Positions,
    term: number,
  ) {
    this.#frequencies = frequencies;
    this.#reader = new VarintReader(bytes.subarray(starts[term], starts[term + 1]));
    this.#next = offsets[term];
  }

  /** The positions of a posting, by its place in the postings, which must rise from call to call. */
  read(at: number): Uint32Array {
    let skipped = 0;
    for (; this.#next < at; this.#next++) skipped += this.#frequencies[this.#next];
    this.#reader.skip(skipped);
    const positions = new Uint32Array(this.#frequencies[this.#next++]);
    let position = 0;
    for (let i = 0; i < positions.length; i++) positions[i] = position += this.#reader.read();
    return positions;
  }
}
