import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { openTask } from '../../src/data/open-task.ts';
import { SPLITS } from '../../src/data/task.ts';
import { buildBm25Index, searchBm25 } from '../../src/retrieval/bm25/bm25.ts';
import { type Gain, measureRanking, parseMetric } from '../../src/retrieval/metrics.ts';
import { sharedData } from '../fixtures/shared-data.ts';

type Golden = Readonly<Record<string, Readonly<Record<string, number>>>>;

describe('metrics equal trec_eval’s', () => {
  it('on every query of Cranfield to 1e-6', async (test) => {
    const dir = sharedData(test, 'cranfield');
    if (dir === undefined) return;
    const golden = JSON.parse(readFileSync(join(packageRoot(), 'test/golden/trec-eval.json'), 'utf8')) as Golden;
    const task = await openTask(dir);
    const index = buildBm25Index(task.documents);
    const examples = SPLITS.flatMap((split) => task.examples[split]);
    assert.equal(examples.length, Object.keys(golden).length);
    for (const { id, query, relevant } of examples) {
      const ranking = searchBm25(index, query, 1000).map((hit) => hit.id);
      for (const [name, expected] of Object.entries(golden[id])) {
        const [metric, gain] = name.split(' ') as [string, Gain?];
        const value = measureRanking(ranking, { grades: relevant }, parseMetric(metric)!, gain);
        assert.ok(Math.abs(value - expected) < 1e-6, `query ${id}: ${name} is ${value}, trec_eval says ${expected}`);
      }
    }
  });
});
