/**
 * @file Where in its documents each term stands: what phrases need and nothing else does, so an index has it only when asked.
 *
 * A position counts words from 0 with stop words included, so that `state of art` keeps the gap that `of` left. Kept as in
 * the file, a byte for most of them: per posting the first position, then the distance of each from the one before.
 */
import { GrowingUint32Array } from './growing-array.ts';
import type { Postings } from './postings.ts';
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

  add(term: number, position: number): void {
    this.#terms.push(term);
    this.#positions.push(position);
  }

  /** The positions in the order of finished postings, which must be those of the same documents in the same order. */
  build({ offsets, frequencies }: Pick<Postings, 'offsets' | 'frequencies'>): Positions {
    const sorted = this.#sortByTerm(offsets.length - 1);
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

  /** Stable counting sort: within a term, document after document. */
  #sortByTerm(termCount: number): Uint32Array {
    const [terms, positions] = [this.#terms.view(), this.#positions.view()];
    const next = new Uint32Array(termCount + 1);
    for (const term of terms) next[term + 1]++;
    for (let term = 0; term < termCount; term++) next[term + 1] += next[term];
    const sorted = new Uint32Array(terms.length);
    for (let i = 0; i < terms.length; i++) sorted[next[terms[i]]++] = positions[i];
    return sorted;
  }
}

/** [frequency of the term in the corpus] one term's positions, posting after posting. */
export function decodePositions(
  { offsets, frequencies }: Pick<Postings, 'offsets' | 'frequencies'>,
  { bytes, starts }: Positions,
  term: number,
): Uint32Array {
  const reader = new VarintReader(bytes.subarray(starts[term], starts[term + 1]));
  let total = 0;
  for (let at = offsets[term]; at < offsets[term + 1]; at++) total += frequencies[at];
  const positions = new Uint32Array(total);
  let next = 0;
  for (let at = offsets[term]; at < offsets[term + 1]; at++) {
    let position = 0;
    for (const end = next + frequencies[at]; next < end; next++) {
      position += reader.read();
      positions[next] = position;
    }
  }
  return positions;
}
