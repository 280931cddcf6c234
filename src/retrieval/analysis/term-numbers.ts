/**
 * @file Words straight to term numbers, remembering every word: stop words, cases and stems of the same few thousand words
 * would otherwise be worked out again in each text.
 */
import { termOf } from './analyzer.ts';
import { forEachToken } from './tokenizer.ts';

/** Words that are remembered at most; then all are forgotten, which costs little and keeps memory bounded. */
const MAX_WORDS = 1 << 17;

/** The number of a stop word, or of a term that nobody numbered. */
export const NO_TERM = -1;

export class TermNumbers {
  readonly #numberOf: (term: string) => number;
  readonly #words = new Map<string, number>();

  /** @param numberOf the number of a term, or {@link NO_TERM}. */
  constructor(numberOf: (term: string) => number) {
    this.#numberOf = numberOf;
  }

  /** Calls `visit` with the number and the position of each word that has a number, in order; stop words take positions. */
  forEach(text: string, visit: (number: number, position: number) => void): void {
    let position = 0;
    forEachToken(text, (start, end) => {
      const word = text.slice(start, end);
      const number = this.#words.get(word) ?? this.#learn(word);
      if (number !== NO_TERM) visit(number, position);
      position++;
    });
  }

  #learn(slice: string): number {
    // A copy: V8's slices keep the whole text that they were cut from.
    const word = Buffer.from(slice, 'utf16le').toString('utf16le');
    const term = termOf(word);
    const number = term === undefined ? NO_TERM : this.#numberOf(term);
    if (this.#words.size >= MAX_WORDS) this.#words.clear();
    this.#words.set(word, number);
    return number;
  }
}
