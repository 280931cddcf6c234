/** @file The figures that the paper's authors stored beside their rankings, recomputed from the rankings. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { measureLists, parseMetrics } from '../../src/app/measure.ts';
import { sharedData } from '../fixtures/shared-data.ts';

const FILES: readonly [file: string, metrics: readonly string[], means: readonly number[]][] = [
  ['esci/released-metrics/original-query.Video_Games.jsonl', ['ndcg@100'], [0.12436]],
  ['esci/released-metrics/gpt-4o.Video_Games.jsonl', ['ndcg@100'], [0.26063]],
  [
    'amazon-beauty/released-metrics/rec-r1.inductive.jsonl',
    ['recall@10', 'ndcg@10', 'recall@50', 'ndcg@50'],
    [0.06, 0.03389, 0.083, 0.03891],
  ],
  [
    'amazon-beauty/released-metrics/gpt-4o.inductive.jsonl',
    ['recall@10', 'ndcg@10', 'recall@50', 'ndcg@50'],
    [0.01, 0.00502, 0.029, 0.00907],
  ],
];

describe('released metrics', () => {
  for (const [file, names, means] of FILES) {
    it(`are reproduced from the lists of ${file}`, async (test) => {
      const path = sharedData(test, file);
      if (path === undefined) return;
      const stored = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>); // prettier-ignore
      const { rows, metrics } = await measureLists(path, parseMetrics(names), 'paper');
      assert.equal(rows.length, stored.length);
      rows.forEach((row, i) => {
        for (const name of names)
          assert.ok(Math.abs(row.metrics[name] - stored[i][name]) < 1e-12, `${row._id} ${name}`);
      });
      names.forEach((name, i) => {
        assert.ok(Math.abs(metrics[name] - means[i]) < 1e-5, `${name} ${metrics[name]}`);
      });
    });
  }
});
