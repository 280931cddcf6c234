import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idealOrder, reachableNdcg } from '../../../webview/ideal.ts';
import type { ExplainedRank, ScorePart } from '../../../webview/protocol.ts';
import { partRows } from '../../../webview/score-parts.ts';
import { shadeClass } from '../../../webview/token-colours.ts';

describe('the ideal order', () => {
  it('has the best grade first', () => {
    assert.deepEqual(
      idealOrder({ a: 1, b: 3, c: 2 }).map(({ id }) => id),
      ['b', 'c', 'a'],
    );
  });

  it('is reached to the full unless a judged document is out of reach', () => {
    assert.equal(reachableNdcg({ a: 3, b: 1 }, [], 10), 1);
    // (1 / log2 2) of (3 / log2 2 + 1 / log2 3)
    assert.ok(Math.abs(reachableNdcg({ a: 3, b: 1 }, ['a'], 10) - 1 / (3 + 1 / Math.log2(3))) < 1e-12);
    assert.equal(reachableNdcg({ a: 3, b: 1 }, ['b'], 1), 1);
    assert.ok(Number.isNaN(reachableNdcg({}, [], 10)));
  });
});

describe('the parts of two scores', () => {
  const rank = (parts: readonly ScorePart[]): ExplainedRank => ({ id: 'd', rank: 1, score: 0, parts });

  it('stand term by term, the largest change first', () => {
    const before = rank([
      { name: 'shoe', score: 1 },
      { name: 'mud', score: 0.5 },
    ]);
    const after = rank([
      { name: 'shoe', score: 1.25 },
      { name: 'trail', score: 2, frequency: 2, documentFrequency: 34 },
    ]);
    const terms = [{ term: 'trail', change: 'added' as const, before: 0, after: 1, documentFrequency: 34 }];
    assert.deepEqual(partRows(before, after, terms), [
      { name: 'trail', change: 'added', before: null, after: 2, about: '2 times here, in 34 documents' },
      { name: 'mud', change: '', before: 0.5, after: null, about: '' },
      { name: 'shoe', change: '', before: 1, after: 1.25, about: '' },
    ]);
  });

  it('are summed where a query has a term in two clauses, and none where nothing was found', () => {
    const twice = rank([
      { name: 'shoe', score: 1 },
      { name: 'shoe', score: 2 },
    ]);
    assert.deepEqual(partRows(undefined, twice, []), [{ name: 'shoe', change: '', before: null, after: 3, about: '' }]);
    assert.deepEqual(partRows(undefined, undefined, []), []);
  });
});

it('tokens have five shades each way, full from where it is telling', () => {
  const shades = [-9, -4, -2, -0.1, 0].map((value) => shadeClass(value, 'log-probability'));
  assert.deepEqual(shades, ['token less-5', 'token less-5', 'token less-3', 'token', 'token']);
  assert.deepEqual([shadeClass(2, 'difference'), shadeClass(NaN, 'difference')], ['token more-5', 'token']);
});
