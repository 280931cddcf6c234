/**
 * @file Seeded random numbers whose state can be saved, so that a resumed run draws what the uninterrupted one would have.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, fast in plain JavaScript. Streams for
 * different purposes are derived by name from one seed, so that one consumer never shifts the numbers of another.
 */

/** The whole state of a generator: four 32-bit words. JSON-safe. */
export type RngState = readonly [number, number, number, number];

export interface Rng {
  /** A number in [0, 1) with 32 random bits. */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  state(): RngState;
}

/** A generator that continues from a saved state. */
export function rngFromState(state: RngState): Rng {
  let [a, b, c, counter] = state;
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  const next = (): number => (word() >>> 0) / 4294967296;
  const below = (bound: number): number => {
    if (bound > 65536 || !Number.isInteger(bound)) return Math.floor(next() * bound);
    // The same from whole numbers: millions of draws take two thirds of the time.
    const drawn = word();
    return (Math.imul(drawn >>> 16, bound) + (Math.imul(drawn & 65535, bound) >>> 16)) >>> 16;
  };
  return { next, below, state: () => [a, b, c, counter] };
}

/** A generator for one purpose: the same seed and names give the same numbers, other names unrelated ones. */
export function rngFrom(seed: number, ...names: readonly (string | number)[]): Rng {
  let hash = 0x811c9dc5 ^ seed;
  for (const char of names.join('/')) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  const rng = rngFromState([seed | 0, hash | 0, ~hash, 1]);
  for (let i = 0; i < 15; i++) rng.next(); // mixes the seed into all four words
  return rng;
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
