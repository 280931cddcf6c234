/**
 * @file Lists of matching documents and how Boolean clauses combine them, rounding where Lucene rounds: sums in double
 * precision, their results and what is added to them in float32.
 */

/** Documents that match, and with which score; 0 is a score, too. */
export interface Matches {
  /** Document numbers, rising. */
  readonly documents: Uint32Array;
  readonly scores: Float32Array;
}

export const NO_MATCHES: Matches = { documents: new Uint32Array(), scores: new Float32Array() };

const BLOCK_SHIFT = 6;

/** Documents that are in every one of at least one list, their scores added up. */
export function intersection(lists: readonly Matches[]): Matches {
  if (lists.length === 1) return lists[0];
  const [shortest, ...others] = [...lists].sort((a, b) => a.documents.length - b.documents.length);
  const found = emptyMatches(shortest.documents.length);
  const at = new Uint32Array(others.length);
  let count = 0;
  for (let i = 0; i < shortest.documents.length; i++) {
    const document = shortest.documents[i];
    let sum = shortest.scores[i];
    const missing = others.findIndex(({ documents, scores }, other) => {
      at[other] = seek(documents, at[other], document);
      sum += scores[at[other]];
      return documents[at[other]] !== document;
    });
    if (missing >= 0) continue;
    found.documents[count] = document;
    found.scores[count++] = sum;
  }
  return head(found, count);
}

/** What is required, with the scores of what is optional on top. */
export function withOptional(required: Matches, optional: Matches): Matches {
  const scores = required.scores.slice();
  let at = 0;
  required.documents.forEach((document, i) => {
    at = seek(optional.documents, at, document);
    if (optional.documents[at] === document) scores[i] += optional.scores[at];
  });
  return { documents: required.documents, scores };
}

/** The first list without the documents of the second. */
export function without(matches: Matches, excluded: Matches): Matches {
  if (excluded.documents.length === 0) return matches;
  const kept = emptyMatches(matches.documents.length);
  let [at, count] = [0, 0];
  matches.documents.forEach((document, i) => {
    at = seek(excluded.documents, at, document);
    if (excluded.documents[at] === document) return;
    kept.documents[count] = document;
    kept.scores[count++] = matches.scores[i];
  });
  return head(kept, count);
}

/** The first place from `start` on whose document is not below `wanted`; the length when there is none. */
export function seek(documents: Uint32Array, start: number, wanted: number): number {
  let step = 1;
  let low = start;
  while (low + step < documents.length && documents[low + step] < wanted) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, documents.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (documents[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Working memory for unions of lists over one index. */
export class MatchUnion {
  readonly #sums: Float64Array;
  readonly #matches: Uint8Array;
  /** [blocks of 64 documents] 1 where one may match. */
  readonly #touched: Uint8Array;

  constructor(documents: number) {
    this.#touched = new Uint8Array((documents >>> BLOCK_SHIFT) + 1);
    this.#matches = new Uint8Array(this.#touched.length << BLOCK_SHIFT);
    this.#sums = new Float64Array(this.#matches.length);
  }

  /** Documents that are in any of the lists, their scores added up. */
  of(lists: readonly Matches[]): Matches {
    if (lists.length < 2) return lists.at(0) ?? NO_MATCHES;
    for (const list of lists) this.#add(list);
    return this.#take(lists.reduce((length, { documents }) => length + documents.length, 0));
  }

  #add({ documents, scores }: Matches): void {
    for (let i = 0; i < documents.length; i++) {
      const document = documents[i];
      this.#touched[document >>> BLOCK_SHIFT] = 1;
      this.#matches[document] = 1;
      this.#sums[document] += scores[i];
    }
  }

  #take(atMost: number): Matches {
    const taken = emptyMatches(Math.min(atMost, this.#sums.length));
    let count = 0;
    for (let block = 0; block < this.#touched.length; block++) {
      if (this.#touched[block] === 0) continue;
      this.#touched[block] = 0;
      const end = (block + 1) << BLOCK_SHIFT;
      for (let document = block << BLOCK_SHIFT; document < end; document++) {
        if (this.#matches[document] === 0) continue;
        taken.documents[count] = document;
        taken.scores[count++] = this.#sums[document];
        this.#matches[document] = 0;
        this.#sums[document] = 0;
      }
    }
    return head(taken, count);
  }
}

export function emptyMatches(size: number): Matches {
  return { documents: new Uint32Array(size), scores: new Float32Array(size) };
}

/** The first so many, without a copy. */
export function head({ documents, scores }: Matches, count: number): Matches {
  return { documents: documents.subarray(0, count), scores: scores.subarray(0, count) };
}
