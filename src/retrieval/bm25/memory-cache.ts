/** @file What was used last, within a bound of memory. */

export class MemoryCache<V> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: V) => number;
  /** The one used longest ago first. */
  readonly #entries = new Map<string, V>();
  #bytes = 0;

  /** @param bytesOf roughly the memory of a value; that of its key is added. */
  constructor(maxBytes: number, bytesOf: (value: V) => number) {
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The value of a key, made when it is not there. */
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known);
    const value = known ?? make();
    this.#entries.set(key, value);
    this.#bytes += this.#size(key, value);
    while (this.#bytes > this.#maxBytes) this.#remove(...this.#entries.entries().next().value!);
    return value;
  }

  #remove(key: string, value: V): void {
    this.#entries.delete(key);
    this.#bytes -= this.#size(key, value);
  }

  #size(key: string, value: V): number {
    return 2 * key.length + this.#bytesOf(value);
  }
}
