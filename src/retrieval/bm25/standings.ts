/**
 * @file Where certain documents stand in a ranking, and its first few, from one pass over the sums in any order: no list is
 * made and nothing but the first few is sorted.
 */

export interface Standings {
  /** Ranks from 1 in the order of the wanted documents; 0 for one that is not among the best `limit`. */
  readonly ranks: readonly number[];
  /** The first few documents, best first. */
  readonly best: readonly number[];
  /** Documents in the ranking: those with a score, `limit` at most. */
  readonly length: number;
}

interface Entry {
  readonly document: number;
  /** Rounded to float32, as it is ranked. */
  readonly score: number;
}

/** A wanted document and how many stand before it. */
interface Wanted extends Entry {
  ahead: number;
}

/** Falling score, then rising number. */
function order(a: Entry, b: Entry): number {
  return b.score - a.score || a.document - b.document;
}

/**
 * No smaller sum is rounded to a score as high as this float32; above 0. Rounding adds half a unit in the last place at most,
 * and that is 2^-24 of the score at most.
 */
export function floorOf(score: number): number {
  return Math.max(Number.MIN_VALUE, score * (1 - 2 ** -24));
}

export class StandingsCount {
  readonly #documents: readonly number[];
  readonly #limit: number;
  readonly #shown: number;
  /** Best first. Those that `limit` documents stand before are taken off the end: their ranks do not matter. */
  readonly #wanted: Wanted[];
  /** Best first, `shown` at most. */
  readonly #best: Entry[] = [];
  /** Documents with smaller sums change nothing any more; above 0, and never falls. */
  floor = Number.MIN_VALUE;

  /** @param sums the wanted documents' sums, in the order of `documents`; 0 for those that are not in the ranking. */
  constructor(documents: readonly number[], sums: readonly number[], limit: number, shown: number) {
    this.#documents = documents;
    this.#limit = limit;
    this.#shown = Math.min(shown, limit);
    this.#wanted = documents
      .map((document, i) => ({ document, score: Math.fround(sums[i]), ahead: 0 }))
      .filter(({ score }) => score > 0 && limit > 0)
      .sort(order);
    this.#raiseFloor();
  }

  /** Takes in a document of the ranking. Those with sums below the floor may be left out. */
  add(document: number, sum: number): void {
    const entry = { document, score: Math.fround(sum) };
    this.#countBefore(entry);
    this.#keepIfGood(entry);
    this.#raiseFloor();
  }

  /** @param count all documents of the ranking, also those that were left out. */
  finish(count: number): Standings {
    const ranks = new Map(this.#wanted.map(({ document, ahead }) => [document, ahead + 1]));
    return {
      ranks: this.#documents.map((document) => ranks.get(document) ?? 0),
      best: this.#best.map(({ document }) => document),
      length: Math.min(count, this.#limit),
    };
  }

  #countBefore(entry: Entry): void {
    const wanted = this.#wanted;
    for (let i = wanted.length - 1; i >= 0 && order(entry, wanted[i]) < 0; i--) wanted[i].ahead++;
    while (wanted.length > 0 && wanted[wanted.length - 1].ahead >= this.#limit) wanted.pop();
  }

  #keepIfGood(entry: Entry): void {
    const best = this.#best;
    let place = best.length;
    while (place > 0 && order(entry, best[place - 1]) < 0) place--;
    if (place === this.#shown) return;
    best.splice(place, 0, entry);
    if (best.length > this.#shown) best.pop();
  }

  #raiseFloor(): void {
    const worstWanted = this.#wanted.at(-1)?.score ?? Infinity;
    const worstShown = this.#best.length < this.#shown ? 0 : (this.#best.at(-1)?.score ?? Infinity);
    this.floor = floorOf(Math.min(worstWanted, worstShown));
  }
}
