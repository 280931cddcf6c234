import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareEvaluations } from '../../../src/runs/comparison.ts';
import type { EvaluationRow } from '../../../src/runs/events.ts';

function row(exampleId: string, ndcg: number): EvaluationRow {
  const metrics = { 'ndcg@10': ndcg };
  return { exampleId, query: exampleId, rewrite: 'r', format: 'ok', metrics, baseline: {}, top: [], baselineTop: [] };
}

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
