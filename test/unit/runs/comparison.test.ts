import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareEvaluations, pairedStatistics, randomisationTest } from '../../../src/runs/comparison.ts';
import type { EvaluationRow } from '../../../src/runs/events.ts';

function row(exampleId: string, ndcg: number): EvaluationRow {
  const metrics = { 'ndcg@10': ndcg };
  return { exampleId, query: exampleId, rewrite: 'r', format: 'ok', metrics, baseline: {}, top: [], baselineTop: [] };
}

test('ten queries that all gain the same come out by chance in 2 of 1,024 sign flips', () => {
  const p = randomisationTest(Array<number>(10).fill(0.1));
  assert.ok(Math.abs(p - 2 / 1024) < 0.001, String(p));
});

test('three gains of 1, 2 and 3 have an exact p-value of 1/4', () => {
  // Of the eight sign patterns only +++ and --- reach 6.
  const p = randomisationTest([1, 2, 3]);
  assert.ok(Math.abs(p - 0.25) < 0.015, String(p));
});

test('no difference anywhere is no evidence', () => {
  assert.equal(randomisationTest([0, 0, 0]), 1);
});

test('the same seed gives the same p-value, another seed nearly the same', () => {
  const differences = [0.3, -0.1, 0.2, 0.05, -0.02, 0.4];
  assert.equal(randomisationTest(differences, 7), randomisationTest(differences, 7));
  assert.ok(Math.abs(randomisationTest(differences, 7) - randomisationTest(differences, 8)) < 0.03);
});

test('wins, ties and losses count queries; the difference is of the means', () => {
  const { meanA, meanB, difference, wins, ties, losses } = pairedStatistics([0, 0.5, 1], [1, 0.5, 0.25]);
  assert.deepEqual({ meanA, wins, ties, losses }, { meanA: 0.5, wins: 1, ties: 1, losses: 1 });
  assert.ok(Math.abs(meanB - 1.75 / 3) < 1e-12);
  assert.ok(Math.abs(difference - 0.25 / 3) < 1e-12);
});

test('rows are matched by example, the largest gain first', () => {
  const comparison = compareEvaluations(
    { name: 'a', rows: [row('x', 0.5), row('y', 0.5), row('only-in-a', 1)] },
    { name: 'b', rows: [row('y', 1), row('x', 0.25), row('constructor', 1)] },
    'test',
    'ndcg@10',
  );
  assert.deepEqual(
    comparison.rows.map(({ exampleId, gain }) => [exampleId, gain]),
    [
      ['y', 0.5],
      ['x', -0.25],
    ],
  );
  assert.equal(comparison.difference, 0.125);
});

test('evaluations without a common query, or without the metric, are an error that says so', () => {
  const a = { name: 'a', rows: [row('x', 1)] };
  assert.throws(() => compareEvaluations(a, { name: 'b', rows: [row('y', 1)] }, 'test', 'ndcg@10'), /same queries/);
  assert.throws(() => compareEvaluations(a, a, 'test', 'ndcg@5'), /x has no ndcg@5; choose one of ndcg@10/);
});
