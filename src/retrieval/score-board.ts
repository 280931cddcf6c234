/**
 * @file Where a search adds up its scores, and how the best are picked without sorting the rest: scores are counted in buckets
 * of their leading float32 bits (positive floats are in the order of their bits), and only what lies in the buckets of the
 * best is sorted.
 *
 * The same memory serves every search of an index: a search is synchronous, so one at a time uses it, and it leaves all sums
 * at 0.
 */

/** Documents of an index at most: number and score of a document must fit into the 53 bits of one exact number. */
export const MAX_DOCUMENTS = 2 ** 22;
const LARGEST_BITS = 2 ** 31 - 1;
/** Bits of a score that do not decide its bucket. */
const BUCKET_SHIFT = 17;
const BUCKETS = 2 ** (31 - BUCKET_SHIFT);
/** Documents are looked through in blocks of 64, and only in those that a term has touched. */
export const BLOCK_SHIFT = 6;
const BLOCK = 2 ** BLOCK_SHIFT;

/** Documents by their numbers, best first, and their scores. */
export interface Best {
  readonly documents: Uint32Array;
  readonly scores: Float32Array;
}

export class ScoreBoard {
  /** [documents] sums in double precision; 0 for documents without a term of the query. */
  readonly sums: Float64Array;
  /** [blocks] 1 where a sum may not be 0. */
  readonly touched: Uint8Array;
  /** [documents] those that have a sum, and its float32 bits, while the best are picked. */
  readonly #found: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #scores: Float32Array;
  readonly #counts = new Uint32Array(BUCKETS);

  constructor(documents: number) {
    this.touched = new Uint8Array(Math.ceil(documents / BLOCK));
    this.sums = new Float64Array(this.touched.length * BLOCK);
    this.#found = new Uint32Array(documents);
    this.#scores = new Float32Array(documents);
    this.#bits = new Uint32Array(this.#scores.buffer);
  }

  /** The best `limit` documents by falling score, rounded to float32, then by rising number. Empties the board. */
  takeBest(limit: number): Best {
    const count = this.#takeAll();
    const lowest = count > limit ? this.#lowestOfBest(count, limit) : 0;
    const keys = new Float64Array(count);
    let size = 0;
    for (let i = 0; i < count; i++) {
      if (this.#bits[i] >= lowest) keys[size++] = (LARGEST_BITS - this.#bits[i]) * MAX_DOCUMENTS + this.#found[i];
    }
    return decode(keys.subarray(0, size).sort().subarray(0, limit));
  }

  /** Moves the sums off the board; says how many there were. */
  #takeAll(): number {
    const { sums, touched } = this;
    const [found, scores] = [this.#found, this.#scores];
    let count = 0;
    for (let block = 0; block < touched.length; block++) {
      if (touched[block] === 0) continue;
      touched[block] = 0;
      const end = (block + 1) * BLOCK;
      for (let document = block * BLOCK; document < end; document++) {
        const sum = sums[document];
        if (sum === 0) continue;
        sums[document] = 0;
        found[count] = document;
        scores[count++] = sum;
      }
    }
    return count;
  }

  /** Bits below which no score is among the best `limit`; some that are not may lie above. */
  #lowestOfBest(count: number, limit: number): number {
    const counts = this.#counts.fill(0);
    for (let i = 0; i < count; i++) counts[this.#bits[i] >>> BUCKET_SHIFT]++;
    let bucket = BUCKETS;
    for (let size = 0; size < limit && bucket > 0;) size += counts[--bucket];
    return bucket * 2 ** BUCKET_SHIFT;
  }
}

function decode(keys: Float64Array): Best {
  const documents = new Uint32Array(keys.length);
  const bits = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const inverted = Math.floor(keys[i] / MAX_DOCUMENTS);
    bits[i] = LARGEST_BITS - inverted;
    documents[i] = keys[i] - inverted * MAX_DOCUMENTS;
  }
  return { documents, scores: new Float32Array(bits.buffer) };
}
