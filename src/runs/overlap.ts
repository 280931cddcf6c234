/** @file How much two ranked lists have in common. Document ids, best first, each at most once. */

/** How much each further rank counts compared with the one before it: the first ten ranks have about 86 % of the weight. */
const PERSISTENCE = 0.9;

/** The share of documents that are in both lists of those that are in either. Two empty lists have everything in common: 1. */
export function jaccard(a: readonly string[], b: readonly string[]): number {
  const either = new Set([...a, ...b]).size;
  return either === 0 ? 1 : (a.length + b.length - either) / either;
}

/**
 * Rank-biased overlap, extrapolated to lists that go on as they began (Webber, Moffat and Zobel, TOIS 2010, equation 32): 1 for
 * equal lists, 0 for lists without a common document, and what is at the top counts most. Two empty lists: 1.
 */
export function rankBiasedOverlap(a: readonly string[], b: readonly string[], persistence = PERSISTENCE): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length === 0) return 1;
  if (short.length === 0) return 0;
  const [inShort, inLong] = [new Set<string>(), new Set<string>()];
  let common = 0;
  let commonAtShort = 0;
  let total = 0;
  for (let depth = 1; depth <= long.length; depth++) {
    const next = long[depth - 1];
    inLong.add(next);
    if (inShort.has(next)) common++;
    if (depth <= short.length) {
      const other = short[depth - 1];
      inShort.add(other);
      if (inLong.has(other)) common++;
      if (depth === short.length) commonAtShort = common;
    }
    total += (common / depth) * persistence ** depth;
    if (depth > short.length) {
      // Past its end the shorter list is taken to agree as much as it did so far.
      const rest = (commonAtShort * (depth - short.length)) / (short.length * depth);
      total += rest * persistence ** depth;
    }
  }
  const agreement = (common - commonAtShort) / long.length + commonAtShort / short.length;
  return ((1 - persistence) / persistence) * total + agreement * persistence ** long.length;
}
