/**
 * @file Ids to document numbers. The same few judged documents are looked up over and over, so those are remembered instead
 * of all the ids of a large corpus.
 */
import { binarySearch, compareCodePoints } from '../../base/order.ts';

/** Ids that are remembered at most; then all are forgotten. */
const MAX_REMEMBERED = 1 << 17;

export class DocumentNumbers {
  readonly #ids: readonly string[];
  readonly #remembered = new Map<string, number | undefined>();

  /** @param ids by document number, in the order of their UTF-8 bytes. */
  constructor(ids: readonly string[]) {
    this.#ids = ids;
  }

  /** Nothing for an id that the corpus does not have. */
  find(id: string): number | undefined {
    if (this.#remembered.has(id)) return this.#remembered.get(id);
    const ids = this.#ids;
    const number = binarySearch(0, ids.length, (at) => compareCodePoints(ids[at], id));
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(id, number);
    return number;
  }

  /** Those that the corpus has, in their order, each once. */
  known(ids: Iterable<string>): { readonly id: string; readonly number: number }[] {
    return Array.from(new Set(ids), (id) => ({ id, number: this.find(id) })).filter(
      (found): found is { id: string; number: number } => found.number !== undefined,
    );
  }
}
