import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { comparisonText, rewriteText, runsText, stepText } from '../../../src/extension/run-text.ts';
import { RAW_QUERY } from '../../../src/runs/comparison.ts';
import { listRuns, openRunReader, type RunReader } from '../../../src/runs/reader.ts';
import { compareRecorded } from '../../../src/runs/recorded-comparison.ts';
import { writeDemoRun } from '../../fixtures/demo-run.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function reading<T>(dir: string, work: (reader: RunReader) => T): T {
  const reader = openRunReader(dir);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

describe('what an assistant is told', () => {
  it('of runs is a line each', (test) => {
    const root = temporaryFolder(test);
    writeDemoRun(join(root, 'one'), 20, 100).close();
    const text = runsText(listRuns(root), (dir) => reading(dir, (reader) => reader.evaluations()));
    assert.match(
      text,
      /^one: failed, step 20 of 100, task outdoor shop, validation after step 20: ndcg@10 0\.\d{3}, .*; checkpoints step-000000 step-000010 step-000020$/,
    );
    assert.equal(
      runsText([], () => []),
      'There is no run yet.',
    );
  });

  it('of a step is its figures, and the best and the worst rewrite of its queries', (test) => {
    const dir = join(temporaryFolder(test), 'one');
    writeDemoRun(dir, 10).close();
    const lines = reading(dir, (reader) => stepText(reader, 3)).split('\n');
    assert.match(lines[0], /^one, step 3 of 10 \(\w+\)$/);
    assert.match(lines[1], /^reward -?\d\.\d{3}, ndcg 0\.\d{3}, kl /);
    assert.equal(lines.filter((line) => /^- "/.test(line)).length, 4);
    const rewards = lines.flatMap((line) => /^ {2}reward (-?[\d.]+)/.exec(line)?.[1] ?? []).map(Number);
    assert.equal(rewards.length, 8);
    for (let i = 0; i < rewards.length; i += 2) assert.ok(rewards[i] >= rewards[i + 1]);
    assert.equal(
      reading(dir, (reader) => stepText(reader, 11)),
      'one has no step 11; it has 10.',
    );
    assert.match(
      reading(dir, (reader) => stepText(reader)),
      /^one, step 10 of 10/,
    );
  });

  it('of a comparison is its test and its extremes', async (test) => {
    const dir = join(temporaryFolder(test), 'one');
    writeDemoRun(dir, 10).close();
    const reader = openRunReader(dir);
    const asked = { a: RAW_QUERY, b: 'step-000010', split: 'validation' } as const;
    const comparison = await compareRecorded(reader, asked, statisticsOf);
    reader.close();
    const text = comparisonText(comparison!);
    assert.match(
      text,
      /^ndcg@10 on 4 validation queries: raw 0\.0000, step-000010 0\.\d{4}\ndifference 0\.\d{4}, p = /,
    );
    assert.match(text, /step-000010 wins 2, ties 2, loses 0\nGained most:\n {2}\+1\.000 "/);
    assert.ok(!text.includes('Lost most'));
  });

  it('of a rewrite is what it finds and what it is worth', () => {
    const answer = {
      query: 'warm hat',
      rewrite: 'beanie wool',
      format: 'ok',
      completion: '',
      hits: [{ id: 'P1', score: 2, title: 'Beanie' }],
      baselineHits: [{ id: 'P2', score: 1, title: '' }],
      judged: { metric: 'ndcg@10', original: 0.25, rewrite: 1, grades: { P1: 1 } },
    };
    assert.equal(
      rewriteText(answer, 'step-000010'),
      [
        '"warm hat" → "beanie wool" by step-000010',
        'ndcg@10: 0.250 as typed, 1.000 rewritten',
        'Found for the rewrite:\n  1. P1 Beanie',
        'Found for the query as typed:\n  1. P2',
      ].join('\n'),
    );
  });
});
