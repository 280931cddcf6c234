import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jaccard, rankBiasedOverlap } from '../../../src/runs/overlap.ts';

test('rank-biased overlap agrees with the Python package rbo 0.1.3, rbo_ext(p=0.9)', () => {
  const cases: [string, string, number][] = [
    ['a b c d e', 'a b c d e', 1],
    ['a b c d e', 'e d c b a', 0.7377750000000001],
    ['a b c d e f g h i j', 'a x c y e f z h i j', 0.6743357696928571],
    ['a b c', 'c b a d e f g', 0.855],
    ['a b c d', 'w x y z', 0],
    ['a b', 'b a c d e f g h i j', 0.9],
  ];
  for (const [a, b, expected] of cases) {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ]) {
      const value = rankBiasedOverlap(x.split(' '), y.split(' '));
      assert.ok(Math.abs(value - expected) < 1e-12, `${x} ${y}: ${value}`);
    }
  }
});

test('lists with nothing in them: both have all in common, one alone has nothing', () => {
  assert.deepEqual([rankBiasedOverlap([], []), jaccard([], [])], [1, 1]);
  assert.deepEqual([rankBiasedOverlap(['a'], []), jaccard([], ['a'])], [0, 0]);
});

test('Jaccard is the share of common documents, whatever their order', () => {
  assert.equal(jaccard(['a', 'b', 'c'], ['c', 'd', 'a']), 2 / 4);
});
