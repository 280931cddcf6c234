import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareEvaluations, compareInOneMetric, otherMetrics } from '../../../src/runs/comparison.ts';
import type { EvaluationRow } from '../../../src/runs/events.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';

function row(exampleId: string, ndcg: number): EvaluationRow {
  const metrics = { 'ndcg@10': ndcg };
  return { exampleId, query: exampleId, rewrite: 'r', format: 'ok', metrics, baseline: {}, top: [], baselineTop: [] };
}

test('rows are matched by example, the largest gain first', () => {
  const comparison = compareEvaluations(
    { name: 'a', rows: [row('x', 0.5), row('y', 0.5), row('only-in-a', 1)] },
    { name: 'b', rows: [row('y', 1), row('x', 0.25), row('constructor', 1)] },
    'test',
    { metric: 'ndcg@10' },
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

test('every common metric is compared, lists by what they share, and settings that differ are named', async () => {
  const side = (name: string, ndcg: number, top: readonly string[], settings: Record<string, unknown>) => ({
    name,
    settings,
    rows: ['x', 'y'].map((id) => ({
      ...row(id, ndcg),
      metrics: { 'ndcg@10': ndcg, 'recall@10': ndcg / 2, [`only of ${name}`]: 1 },
      top,
    })),
  });
  const comparison = compareEvaluations(
    side('a', 0.5, ['d1', 'd2', 'd3'], { seed: 1, steps: 9, old: 'x' }),
    side('b', 0.75, ['d2', 'd4'], { seed: 2, steps: 9, given: 0 }),
    'test',
    { metric: 'recall@10', minimumEffect: 0.2 },
  );
  assert.deepEqual(
    comparison.metrics.map(({ name, difference }) => [name, difference]),
    [
      ['recall@10', 0.125],
      ['ndcg@10', 0.25],
    ],
  );
  const asked = { metric: 'recall@10', minimumEffect: 0.2 };
  const [a, b] = [side('a', 0.5, [], {}), side('b', 0.75, [], {})];
  const one = await compareInOneMetric(a, b, 'test', asked, statisticsOf);
  assert.deepEqual([...one.metrics, ...(await otherMetrics(one, statisticsOf))], comparison.metrics);
  assert.deepEqual([comparison.wins, comparison.ties, comparison.losses], [0, 2, 0]);
  assert.deepEqual(comparison.differenceInterval, [0.125, 0.125]);
  assert.equal(comparison.rows[0].overlap.asSets, 1 / 4);
  assert.ok(comparison.rows[0].overlap.byRank > 0 && comparison.rows[0].overlap.byRank < 0.5);
  assert.deepEqual(comparison.settings, [
    { name: 'seed', a: 1, b: 2 },
    { name: 'old', a: 'x', b: null },
    { name: 'given', a: null, b: 0 },
  ]);
});

test('evaluations without a common query, or without the metric, are an error that says so', () => {
  const a = { name: 'a', rows: [row('x', 1)] };
  assert.throws(
    () => compareEvaluations(a, { name: 'b', rows: [row('y', 1)] }, 'test', { metric: 'ndcg@10' }),
    /same queries/,
  );
  assert.throws(() => compareEvaluations(a, a, 'test', { metric: 'ndcg@5' }), /x has no ndcg@5; choose one of ndcg@10/);
});
