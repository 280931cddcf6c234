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
  const differences = a.map((value, i) => b[i] - value);
  const [intervalA, intervalB, differenceInterval] = bootstrapIntervals([a, b, differences], seed);
  const wins = differences.filter((d) => d > minimumEffect).length;
  const losses = differences.filter((d) => d < -minimumEffect).length;
  return {
    meanA: mean(a),
    meanB: mean(b),
    difference: mean(differences),
    intervalA,
    intervalB,
    differenceInterval,
    pValue: randomisationTest(differences, seed),
    wins,
    ties: differences.length - wins - losses,
    losses,
  };
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
  const twice = Float64Array.from(moved, (d) => 2 * d);
  const observed = Math.abs(all);
  // Sums of the same terms in another order differ in the last bits; those count as equal.
  const threshold = observed - 1e-9 * Math.max(1, observed);
  let asLarge = 1;
  for (let p = 0; p < PERMUTATIONS; p++) {
    // All signs negative, then those turned whose bit is 1: without a branch, which nobody could predict.
    let total = -all;
    let signs = 0;
    for (let i = 0; i < twice.length; i++) {
      if (i % 32 === 0) signs = rng.below(2 ** 32); // a draw has 32 random bits, and a sign needs one
      total += ((signs >>> i) & 1) * twice[i];
    }
    if (Math.abs(total) >= threshold) asLarge++;
  }
  return asLarge / (PERMUTATIONS + 1);
}

/**
 * 95 % intervals of the means of columns that have one value for each query: percentiles of the means of queries that are
 * drawn with replacement (Efron's percentile bootstrap). All columns see the same draws. Without a query there is none: NaN.
 */
export function bootstrapIntervals(columns: readonly (readonly number[])[], seed = 1): Interval[] {
  const queries = columns[0]?.length ?? 0;
  const rng = rngFrom(seed, 'bootstrap');
  const means = columns.map(() => new Float64Array(RESAMPLES));
  const counts = new Int32Array(queries); // how often each query was drawn
  for (let r = 0; r < RESAMPLES; r++) {
    counts.fill(0);
    for (let i = 0; i < queries; i++) counts[rng.below(queries)]++;
    for (const [c, column] of columns.entries()) {
      let total = 0;
      for (let i = 0; i < queries; i++) total += counts[i] * column[i];
      means[c][r] = total / queries;
    }
  }
  return means.map((sample): Interval => {
    sample.sort();
    return [percentileOf(sample, ALPHA / 2), percentileOf(sample, 1 - ALPHA / 2)];
  });
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
