/** @file The best k of a stream of scores, without sorting the rest: a heap whose root is the worst that is kept. */
import type { Best } from '../bm25/score-board.ts';

export class TopK {
  readonly #scores: Float32Array;
  readonly #documents: Uint32Array;
  #size = 0;
  /** What a score must exceed to be kept. */
  #floor = -Infinity;

  constructor(k: number) {
    this.#scores = new Float32Array(k);
    this.#documents = new Uint32Array(k);
  }

  /** Scores of the documents `first`, `first + 1`, …; documents come in rising order, so that the first of equals stays. */
  offer(scores: Float32Array, first: number): void {
    for (let i = 0; i < scores.length; i++) {
      if (scores[i] > this.#floor) this.#insert(scores[i], first + i);
    }
  }

  /** Best first; equal scores in the order of the documents. */
  take(): Best {
    const order = Array.from({ length: this.#size }, (_, i) => i);
    order.sort((a, b) => this.#scores[b] - this.#scores[a] || this.#documents[a] - this.#documents[b]);
    return {
      documents: Uint32Array.from(order, (i) => this.#documents[i]),
      scores: Float32Array.from(order, (i) => this.#scores[i]),
    };
  }

  #insert(score: number, document: number): void {
    if (this.#size < this.#scores.length) this.#rise(this.#size++, score, document);
    else this.#sink(score, document);
    if (this.#size === this.#scores.length) this.#floor = this.#scores[0];
  }

  #rise(at: number, score: number, document: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(score, document, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, score, document);
  }

  /** Takes the place of the root. */
  #sink(score: number, document: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isWorse(this.#scores[child + 1], this.#documents[child + 1], child)) child++;
      if (this.#isWorse(score, document, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, score, document);
  }

  /** Worse than what is at a place: a lower score, or of equals the later document. */
  #isWorse(score: number, document: number, place: number): boolean {
    return score < this.#scores[place] || (score === this.#scores[place] && document > this.#documents[place]);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#scores[from], this.#documents[from]);
  }

  #put(at: number, score: number, document: number): void {
    this.#scores[at] = score;
    this.#documents[at] = document;
  }
}
