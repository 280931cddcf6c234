/**
 * @file How sure a mean over queries is: bootstrap intervals, and a paired test of two systems on the same queries. All of it
 * is seeded, so that the same rows always give the same figures.
 */
import { rngFrom } from '../base/rng.ts';

/** Permutations of the randomisation test: p-values are exact to about 0.002 around 0.05. */
const PERMUTATIONS = 10_000;
/** Resamples of the bootstrap: the ends of an interval move by about a fiftieth of its width with the seed. */
const RESAMPLES = 5000;
/** What both tails of an interval hold together. */
const ALPHA = 0.05;

/** Low end, high end. */
export type Interval = readonly [number, number];

export interface PairedStatistics {
  readonly meanA: number;
  readonly meanB: number;
  /** meanB - meanA. */
  readonly difference: number;
  /** 95 % bootstrap intervals over the queries. */
  readonly intervalA: Interval;
  readonly intervalB: Interval;
  readonly differenceInterval: Interval;
  /** Two-sided; the chance of a difference at least this large if it did not matter which checkpoint made which answer. */
  readonly pValue: number;
  /** Queries where b is better, as good, worse. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

/** What two systems got for the same queries, in the same order. */
export interface PairedValues {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/**
 * Means, intervals, paired randomisation test and win/tie/loss of values for the same queries in the same order. Not for empty
 * input.
 *
 * @param minimumEffect differences of at most this much are ties.
 */
export function pairedStatistics(
  a: readonly number[],
  b: readonly number[],
  minimumEffect = 0,
  seed = 1,
): PairedStatistics {
  return pairedStatisticsOfMetrics([{ a, b }], minimumEffect, seed)[0];
}

/** {@link pairedStatistics} of several metrics of the same queries: drawing queries is most of the work, and is done once. */
export function pairedStatisticsOfMetrics(
  metrics: readonly PairedValues[],
  minimumEffect = 0,
  seed = 1,
): PairedStatistics[] {
  const columns = metrics.flatMap(({ a, b }) => [a, b]);
  const means = bootstrapMeans(columns, seed);
  return metrics.map(({ a, b }, m) => {
    const [meansA, meansB] = [means[2 * m], means[2 * m + 1]];
    const differences = a.map((value, i) => b[i] - value);
    const wins = differences.filter((d) => d > minimumEffect).length;
    const losses = differences.filter((d) => d < -minimumEffect).length;
    return {
      meanA: mean(a),
      meanB: mean(b),
      difference: mean(differences),
      intervalA: intervalOf(meansA),
      intervalB: intervalOf(meansB),
      differenceInterval: intervalOf(meansB.map((meanB, r) => meanB - meansA[r])),
      pValue: randomisationTest(differences, seed),
      wins,
      ties: differences.length - wins - losses,
      losses,
    };
  });
}

/**
 * The two-sided p-value of Fisher's paired randomisation test: the share of random sign flips of the differences whose mean
 * is at least as far from 0 as the observed one, the observed one included, so that it is never 0 (Smucker, Allan and
 * Carterette, CIKM 2007). The same seed gives the same value; no difference anywhere gives 1.
 */
export function randomisationTest(differences: readonly number[], seed = 1): number {
  const rng = rngFrom(seed, 'randomisation-test');
  const moved = differences.filter((d) => d !== 0); // a flipped 0 is 0
  const all = sum(moved);
  const turned = turnedSums(moved);
  const observed = Math.abs(all);
  // Sums of the same terms in another order differ in the last bits; those count as equal.
  const threshold = observed - 1e-9 * Math.max(1, observed);
  let asLarge = 1;
  for (let p = 0; p < PERMUTATIONS; p++) {
    let total = -all; // all signs negative, then those turned whose bit is 1
    for (let at = 0; at < turned.length; at += 4 * 256) {
      const signs = rng.below(2 ** 32); // a draw has 32 random bits, and a sign needs one
      total +=
        turned[at + (signs & 255)] +
        turned[at + 256 + ((signs >>> 8) & 255)] +
        turned[at + 512 + ((signs >>> 16) & 255)] +
        turned[at + 768 + (signs >>> 24)];
    }
    if (Math.abs(total) >= threshold) asLarge++;
  }
  return asLarge / (PERMUTATIONS + 1);
}

/**
 * By how much a sum grows when signs of its terms turn from negative to positive, for all 256 choices among each eight terms,
 * so that eight signs cost one look-up: `[block, bits]`, a multiple of four blocks.
 */
function turnedSums(terms: readonly number[]): Float64Array {
  const blocks = Math.ceil(terms.length / 32) * 4;
  const sums = new Float64Array(blocks * 256);
  for (let i = 0; i < sums.length; i++) {
    const bits = i & 255;
    if (bits === 0) continue;
    const lowest = 31 - Math.clz32(bits & -bits);
    const place = (i >>> 8) * 8 + lowest;
    sums[i] = sums[i & (i - 1)] + (place < terms.length ? 2 * terms[place] : 0);
  }
  return sums;
}

/**
 * 95 % intervals of the means of columns that have one value for each query: percentiles of the means of queries that are
 * drawn with replacement (Efron's percentile bootstrap). All columns see the same draws. Without a query there is none: NaN.
 */
export function bootstrapIntervals(columns: readonly (readonly number[])[], seed = 1): Interval[] {
  return bootstrapMeans(columns, seed).map(intervalOf);
}

/** `[column, resample]` */
function bootstrapMeans(columns: readonly (readonly number[])[], seed: number): Float64Array[] {
  const queries = columns[0]?.length ?? 0;
  const rng = rngFrom(seed, 'bootstrap');
  const values = columns.map((column) => Float64Array.from(column));
  const means = columns.map(() => new Float64Array(RESAMPLES));
  const counts = new Float64Array(queries); // how often each query was drawn
  for (let r = 0; r < RESAMPLES; r++) {
    counts.fill(0);
    for (let i = 0; i < queries; i++) counts[rng.below(queries)]++;
    for (const [c, column] of values.entries()) {
      let total = 0;
      for (let i = 0; i < queries; i++) total += counts[i] * column[i];
      means[c][r] = total / queries;
    }
  }
  return means;
}

function intervalOf(means: Float64Array): Interval {
  const sorted = means.toSorted();
  return [percentileOf(sorted, ALPHA / 2), percentileOf(sorted, 1 - ALPHA / 2)];
}

/** The quantile of sorted values, between two of them in proportion, as NumPy's default. NaN when there are none. */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN;
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (place - Math.floor(place)) * (above - below);
}

/** NaN when there are none. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
