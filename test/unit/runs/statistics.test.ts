import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import {
  bootstrapIntervals,
  pairedStatistics,
  pairedStatisticsOfMetrics,
  percentileOf,
  randomisationTest,
} from '../../../src/runs/statistics.ts';

describe('randomisationTest', () => {
  it('gives ten queries that all gain the same a p-value of 2 of 1,024 sign flips', () => {
    const p = randomisationTest(Array<number>(10).fill(0.1));
    assert.ok(Math.abs(p - 2 / 1024) < 0.001, String(p));
  });

  it('gives three gains of 1, 2 and 3 the exact p-value of 1/4', () => {
    // Of the eight sign patterns only +++ and --- reach 6.
    const p = randomisationTest([1, 2, 3]);
    assert.ok(Math.abs(p - 0.25) < 0.015, String(p));
  });

  it('agrees with scipy.stats.permutation_test over all sign flips', () => {
    // permutation_test((d, 0 * d), lambda x, y, axis: (x - y).mean(axis), permutation_type='samples', n_resamples=inf)
    const p = randomisationTest([0.3, -0.1, 0.2, 0.05, -0.02, 0.4, -0.15, 0.08, 0.12, 0.01]);
    assert.ok(Math.abs(p - 0.146484375) < 0.01, String(p));
  });

  it('turns each sign by itself, beyond the eight and the 32 that are turned together', () => {
    // Beside the last of 40 differences the others are next to nothing, so that whatever its sign, the sum is as large.
    assert.equal(randomisationTest([...Array<number>(39).fill(1e-13), 1]), 1);
    // 33 equal gains: only all + and all - are as large, 2 of 2^33.
    assert.equal(randomisationTest(Array<number>(33).fill(1)), 1 / 10_001);
  });

  it('finds no evidence where there is no difference', () => {
    assert.equal(randomisationTest([0, 0, 0]), 1);
  });

  it('gives the same p-value for the same seed, nearly the same for another', () => {
    const differences = [0.3, -0.1, 0.2, 0.05, -0.02, 0.4];
    assert.equal(randomisationTest(differences, 7), randomisationTest(differences, 7));
    assert.ok(Math.abs(randomisationTest(differences, 7) - randomisationTest(differences, 8)) < 0.03);
  });
});

describe('bootstrapIntervals', () => {
  const values = [0, 0.13, 0.5, 0.63, 1, 1, 0.39, 0.2, 0, 0.77, 0.31, 0.9];

  it('agrees with scipy.stats.bootstrap with the percentile method', () => {
    // bootstrap((v,), np.mean, n_resamples=200000, method='percentile')
    for (const seed of [1, 2, 3]) {
      const [[low, high]] = bootstrapIntervals([values], seed);
      assert.ok(Math.abs(low - 0.2867) < 0.012, String(low));
      assert.ok(Math.abs(high - 0.688) < 0.012, String(high));
    }
  });

  it('draws the same queries for every column, so the interval of a shift is that shift', () => {
    const shifted = values.map((value) => value + 2);
    const [a, b, difference] = bootstrapIntervals([values, shifted, shifted.map((value, i) => value - values[i])], 5);
    for (const end of [0, 1]) assert.ok(Math.abs(b[end] - a[end] - 2) < 1e-12);
    for (const end of difference) assert.ok(Math.abs(end - 2) < 1e-12);
  });

  it('holds the true mean in about 95 of 100 samples', () => {
    const rng = rngFrom(3, 'coverage');
    const holds = Array.from({ length: 200 }, (_, s) => {
      const sample = Array.from({ length: 60 }, () => rng.next());
      const [[low, high]] = bootstrapIntervals([sample], s);
      return low <= 0.5 && 0.5 <= high;
    });
    const share = holds.filter(Boolean).length / holds.length;
    assert.ok(share > 0.9 && share < 0.99, String(share));
  });

  it('is a point for one query, and has none without a query', () => {
    assert.deepEqual(bootstrapIntervals([[0.25]]), [[0.25, 0.25]]);
    assert.deepEqual(bootstrapIntervals([[]]), [[NaN, NaN]]);
    assert.deepEqual(bootstrapIntervals([]), []);
  });
});

test('percentileOf lies between two values in proportion, as numpy.quantile', () => {
  assert.deepEqual(
    [0.025, 0.5, 0.6].map((share) => Math.round(percentileOf([1, 2, 4], share) * 1e9) / 1e9),
    [1.05, 2, 2.4],
  );
  const sorted = [0, 0, 0.13, 0.2, 0.31, 0.39, 0.5, 0.63, 0.77, 0.9, 1, 1];
  assert.ok(Math.abs(percentileOf(sorted, 0.3) - 0.233) < 1e-12);
});

describe('pairedStatistics', () => {
  it('says of each of several metrics what it says of that one alone', () => {
    const [ndcg, recall] = [
      { a: [0, 0.5, 1, 0.2], b: [0.75, 0.5, 0.875, 0.3] },
      { a: [0.1, 0.9, 1, 0], b: [0.3, 0.2, 1, 0.8] },
    ];
    assert.deepEqual(
      pairedStatisticsOfMetrics([ndcg, recall]),
      [ndcg, recall].map(({ a, b }) => pairedStatistics(a, b)),
    );
  });

  it('counts wins, ties and losses of queries; the difference is of the means', () => {
    const { meanA, meanB, difference, wins, ties, losses } = pairedStatistics([0, 0.5, 1], [1, 0.5, 0.25]);
    assert.deepEqual({ meanA, wins, ties, losses }, { meanA: 0.5, wins: 1, ties: 1, losses: 1 });
    assert.ok(Math.abs(meanB - 1.75 / 3) < 1e-12);
    assert.ok(Math.abs(difference - 0.25 / 3) < 1e-12);
  });

  it('takes differences up to the minimum effect for ties, and changes nothing else', () => {
    const [a, b] = [
      [0, 0.5, 1, 0.2],
      [0.75, 0.5, 0.875, 0.3],
    ];
    const plain = pairedStatistics(a, b);
    const { wins, ties, losses, ...rest } = pairedStatistics(a, b, 0.125);
    assert.deepEqual([wins, ties, losses], [1, 3, 0]);
    assert.equal(rest.difference, plain.difference);
    assert.equal(rest.pValue, plain.pValue);
  });
});
