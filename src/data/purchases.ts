/**
 * @file What every user bought and when, as flat arrays: the rows of sequential recommendation are cut out of them only where
 * they are needed, for the histories of all rows together are far larger than the purchases.
 */

/** A purchase with what the same user bought before it. Users and items are numbers, as they were given to the log. */
export interface PurchaseRow {
  readonly user: number;
  /** Counts the user's rows from 1. */
  readonly use: number;
  /** Items, oldest first, at least one. */
  readonly history: readonly number[];
  readonly target: number;
  readonly timeMillis: number;
}

/** Users, items and times of purchases, added in any order. */
export class PurchaseLog {
  readonly #users: number[] = [];
  readonly #items: number[] = [];
  readonly #times: number[] = [];

  add(user: number, item: number, timeMillis: number): void {
    this.#users.push(user);
    this.#items.push(item);
    this.#times.push(timeMillis);
  }

  /**
   * The purchases that follow at least `minHistory` earlier ones, by user and then by time. Of an item bought again only the
   * first time counts, and items that are not `isKnown` were never bought. A history keeps its newest `maxHistory` items.
   */
  *rows(isKnown: (item: number) => boolean, minHistory: number, maxHistory: number): Generator<PurchaseRow> {
    const order = this.#inOrder();
    for (let start = 0, end = 0; start < order.length; start = end) {
      const user = this.#users[order[start]];
      while (end < order.length && this.#users[order[end]] === user) end++;
      const bought: number[] = [];
      let use = 0;
      const seen = new Set<number>();
      for (const at of order.subarray(start, end)) {
        const target = this.#items[at];
        if (seen.has(target) || !isKnown(target)) continue;
        seen.add(target);
        if (bought.length >= minHistory) {
          yield { user, use: ++use, history: bought.slice(-maxHistory), target, timeMillis: this.#times[at] };
        }
        bought.push(target);
      }
    }
  }

  /** Purchases by user, then by time, then as they were added. */
  #inOrder(): Uint32Array {
    const [users, times] = [this.#users, this.#times];
    return Uint32Array.from(users.keys()).sort((a, b) => users[a] - users[b] || times[a] - times[b] || a - b);
  }
}
