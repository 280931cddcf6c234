/**
 * @file Where a search adds up its scores. What is wanted of it is then taken off without sorting the rest: the best
 * documents, or only where certain documents stand.
 *
 * The same memory serves every search of an index: a search is synchronous, so one at a time uses it, and it leaves all sums
 * at 0.
 */
import { floorOf, type Standings, StandingsCount } from './standings.ts';

/** Documents of an index at most: number and score of a document must fit into the 53 bits of one exact number. */
export const MAX_DOCUMENTS = 2 ** 22;
const LARGEST_BITS = 2 ** 31 - 1;
/** Bits of a score that do not decide its bucket. */
const BUCKET_SHIFT = 17;
const BUCKETS = 2 ** (31 - BUCKET_SHIFT);
/** Below one posting for so many documents it is faster to list the documents than to look through all sums (measured). */
const LISTING_BELOW = 1 / 8;

/** The smallest float32, for a document that matches with score 0: on the board, 0 means that it does not match. */
export const LEAST_SCORE = 2 ** -149;

/** Every so many documents are looked at to guess how high the best score. */
const SAMPLE_STEP = 8;

/** Documents by their numbers, best first, and their scores. */
export interface Best {
  readonly documents: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * Sums are looked through without a branch on whether they are 0: about half are, in no order, and a processor that guesses
 * wrong loses more than the rest of the loop costs. Loops go in steps of four, for V8's work around one turn costs more than
 * the turn (both measured: three to five times as fast).
 */
export class ScoreBoard {
  /** [documents, rounded up to fours] sums in double precision; 0 for documents without a term of the query. */
  readonly #sums: Float64Array;
  /** The sums' halves; the second of each (all our machines are little-endian) is 0 for 0 and above 0 for other sums. */
  readonly #halves: Int32Array;
  /** [documents + 1] those that have a sum: listed as they get one, or found when they are taken. */
  readonly #found: Uint32Array;
  #foundCount = 0;
  #listing = false;
  /** [documents + 1] float32 scores of the found ones and their bits, while the best are picked. */
  readonly #scores: Float32Array;
  readonly #bits: Uint32Array;
  readonly #counts = new Uint32Array(BUCKETS);

  constructor(documents: number) {
    this.#sums = new Float64Array(Math.ceil(documents / 4) * 4);
    this.#halves = new Int32Array(this.#sums.buffer);
    this.#found = new Uint32Array(this.#sums.length + 1);
    this.#scores = new Float32Array(this.#sums.length + 1);
    this.#bits = new Uint32Array(this.#scores.buffer);
  }

  /** Begins a search that will add so many scores. */
  begin(postings: number): void {
    this.#listing = postings < this.#sums.length * LISTING_BELOW;
  }

  /** Adds `factor` × `scores` to `documents`, both from `start` to before `end`. No document occurs twice in that range. */
  add(documents: Uint32Array, scores: Float32Array, start: number, end: number, factor: number): void {
    if (this.#listing) this.#list(documents, start, end);
    const sums = this.#sums;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      sums[documents[at]] += factor * scores[at];
      sums[documents[at + 1]] += factor * scores[at + 1];
      sums[documents[at + 2]] += factor * scores[at + 2];
      sums[documents[at + 3]] += factor * scores[at + 3];
    }
    for (; at < end; at++) sums[documents[at]] += factor * scores[at];
  }

  /** Notes the documents that have no sum yet; one whose scores are all 0 may be noted again. */
  #list(documents: Uint32Array, start: number, end: number): void {
    const [halves, found] = [this.#halves, this.#found];
    let count = this.#foundCount;
    for (let at = start; at < end; at++) {
      const document = documents[at];
      found[count] = document;
      count += 1 - isSum(halves, document);
    }
    this.#foundCount = count;
  }

  /** The best `limit` documents by falling score, rounded to float32, then by rising number. Empties the board. */
  takeBest(limit: number): Best {
    const count = this.#listing ? this.#takeListed() : this.#takeScanned(limit);
    const lowest = count > limit ? this.#lowestOfBest(count, limit) : 0;
    const keys = new Float64Array(count);
    let size = 0;
    for (let i = 0; i < count; i++) {
      if (this.#bits[i] >= lowest) keys[size++] = (LARGEST_BITS - this.#bits[i]) * MAX_DOCUMENTS + this.#found[i];
    }
    return decode(keys.subarray(0, size).sort().subarray(0, limit));
  }

  /** Moves the listed sums off the board to found documents and scores; says how many there were. */
  #takeListed(): number {
    const [sums, found, scores] = [this.#sums, this.#found, this.#scores];
    let count = 0;
    for (let i = 0; i < this.#foundCount; i++) {
      const document = found[i];
      found[count] = document;
      scores[count] = sums[document];
      count += isSum(this.#halves, document);
      sums[document] = 0;
    }
    this.#foundCount = 0;
    return count;
  }

  /** The same of all sums, or of a part that holds the best `limit`. */
  #takeScanned(limit: number): number {
    const likely = this.#likelyLowest(limit);
    let count = this.#copyFrom(likely);
    if (count < limit && likely > LEAST_SCORE) count = this.#copyFrom(LEAST_SCORE);
    this.#sums.fill(0);
    return count;
  }

  /** Copies the documents whose scores are at least `lowest`; says how many there are. */
  #copyFrom(lowest: number): number {
    const [sums, found, scores] = [this.#sums, this.#found, this.#scores];
    const floor = floorOf(lowest);
    let count = 0;
    for (let at = 0; at < sums.length; at += 4) {
      if (sums[at] < floor && sums[at + 1] < floor && sums[at + 2] < floor && sums[at + 3] < floor) continue;
      for (let document = at; document < at + 4; document++) {
        found[count] = document;
        scores[count] = sums[document];
        if (scores[count] >= lowest) count++;
      }
    }
    return count;
  }

  /**
   * A score that more than `limit` documents reach, judging by every eighth: three standard deviations more than `limit`, so
   * that it hardly ever has to be taken back. It takes a third off the time of a short list over many matches (measured).
   */
  #likelyLowest(limit: number): number {
    const [sums, scores] = [this.#sums, this.#scores];
    let size = 0;
    for (let document = 0; document < sums.length; document += SAMPLE_STEP) scores[size++] = sums[document];
    const expected = limit / SAMPLE_STEP;
    this.#bits[0] = this.#lowestOfBest(size, Math.ceil(expected + 3 * Math.sqrt(expected) + 3));
    return Math.max(LEAST_SCORE, scores[0]);
  }

  /** Bits below which no score is among the best `limit`; some that are not may lie above. */
  #lowestOfBest(count: number, limit: number): number {
    const counts = this.#counts.fill(0);
    for (let i = 0; i < count; i++) counts[this.#bits[i] >>> BUCKET_SHIFT]++;
    let bucket = BUCKETS;
    for (let size = 0; size < limit && bucket > 0;) size += counts[--bucket];
    return bucket * 2 ** BUCKET_SHIFT;
  }

  /**
   * Where the `wanted` documents stand among the best `limit`, and which are the best `shown`, as if those `without` were not
   * in the corpus. Empties the board.
   */
  takeStandings(wanted: readonly number[], without: readonly number[], limit: number, shown: number): Standings {
    const sums = this.#sums;
    for (const document of without) sums[document] = 0;
    const wantedSums = wanted.map((document) => sums[document]);
    const standings = new StandingsCount(wanted, wantedSums, limit, shown);
    return standings.finish(this.#listing ? this.#addListed(standings) : this.#addAll(standings));
  }

  /** Empties the board into standings; says how many sums there were. */
  #addListed(standings: StandingsCount): number {
    const [sums, found] = [this.#sums, this.#found];
    let count = 0;
    for (let i = 0; i < this.#foundCount; i++) {
      const document = found[i];
      if (sums[document] >= standings.floor) standings.add(document, sums[document]);
      count += isSum(this.#halves, document);
      sums[document] = 0;
    }
    this.#foundCount = 0;
    return count;
  }

  /** The same of all sums. */
  #addAll(standings: StandingsCount): number {
    const sums = this.#sums;
    const count = countSums(this.#halves);
    let floor = standings.floor;
    for (let at = 0; at < sums.length; at += 4) {
      if (sums[at] < floor && sums[at + 1] < floor && sums[at + 2] < floor && sums[at + 3] < floor) continue;
      for (let document = at; document < at + 4; document++) {
        if (sums[document] >= standings.floor) standings.add(document, sums[document]);
      }
      floor = standings.floor;
    }
    sums.fill(0);
    return count;
  }
}

/** 1 for a document that has a sum, 0 for another. */
function isSum(halves: Int32Array, document: number): number {
  return -halves[2 * document + 1] >>> 31;
}

function countSums(halves: Int32Array): number {
  let count = 0;
  for (let at = 1; at < halves.length; at += 8) {
    count += (-halves[at] >>> 31) + (-halves[at + 2] >>> 31) + (-halves[at + 4] >>> 31) + (-halves[at + 6] >>> 31);
  }
  return count;
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
