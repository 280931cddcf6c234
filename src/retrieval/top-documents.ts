/** @file The best few of many scored documents, without sorting the rest: a bounded heap whose root is the worst kept. */
export interface ScoredDocument {
  readonly document: number;
  readonly score: number;
}

export class TopDocuments {
  readonly #limit: number;
  /** Heap order: a parent is never better than its children. */
  readonly #heap: ScoredDocument[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(document: number, score: number): void {
    if (this.#heap.length < this.#limit) {
      this.#heap.push({ document, score });
      this.#rise(this.#heap.length - 1);
    } else if (this.#limit > 0 && isBetter(document, score, this.#heap[0])) {
      this.#heap[0] = { document, score };
      this.#sink(0);
    }
  }

  /** Best first; equal scores by rising document number. */
  ranked(): ScoredDocument[] {
    return [...this.#heap].sort((a, b) => b.score - a.score || a.document - b.document);
  }

  #rise(start: number): void {
    for (let child = start; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#isWorse(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(start: number): void {
    for (let parent = start; ;) {
      const left = 2 * parent + 1;
      if (left >= this.#heap.length) return;
      const child = left + 1 < this.#heap.length && this.#isWorse(left + 1, left) ? left + 1 : left;
      if (!this.#isWorse(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #isWorse(a: number, b: number): boolean {
    const { document, score } = this.#heap[b];
    return isBetter(document, score, this.#heap[a]);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b], this.#heap[a]];
  }
}

function isBetter(document: number, score: number, than: ScoredDocument): boolean {
  return score > than.score || (score === than.score && document < than.document);
}
