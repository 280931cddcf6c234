/** @file What was used last, kept as long as it fits: of several open models, or of many answers. */

export class BoundedCache<V> {
  readonly #limit: number;
  /** In the order of their last use, the newest last: a map keeps the order in which keys were set. */
  readonly #entries = new Map<string, { readonly value: V; readonly size: number }>();
  #size = 0;

  /** @param limit of the sizes of all entries together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The entry, which now is the one that was used last. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value, also one that is larger than the limit, and returns those that had to go for it. */
  set(key: string, value: V, size = 1): V[] {
    const gone = this.#entries.has(key) ? [this.#remove(key)] : [];
    this.#entries.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#limit || oldest === key) break;
      gone.push(this.#remove(oldest));
    }
    return gone;
  }

  /** All of them, what was used last at the end. */
  values(): V[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  /** Empties it and returns what was in it. */
  clear(): V[] {
    return [...this.#entries.keys()].map((key) => this.#remove(key));
  }

  #remove(key: string): V {
    const { value, size } = this.#entries.get(key)!;
    this.#entries.delete(key);
    this.#size -= size;
    return value;
  }
}
