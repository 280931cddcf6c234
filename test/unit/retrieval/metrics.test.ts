import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeTargets, measureRanking, ndcgAt, parseMetric } from '../../../src/retrieval/metrics.ts';

const judgments = { grades: new Map([['a', 3], ['b', 1], ['c', 2]]) }; // prettier-ignore

function measure(metric: string, ranking: readonly string[]): number {
  return measureRanking(ranking, judgments, parseMetric(metric)!);
}

describe('metrics', () => {
  it('computes NDCG with linear gains unless told otherwise', () => {
    const ranking = ['x', 'b', 'a'];
    const linear = (1 / Math.log2(3) + 3 / 2) / (3 + 2 / Math.log2(3) + 1 / 2);
    assert.equal(measure('ndcg@10', ranking), linear);
    const exponential = (1 / Math.log2(3) + 7 / 2) / (7 + 3 / Math.log2(3) + 1 / 2);
    assert.equal(ndcgAt(ranking, judgments.grades, 10, 'exponential'), exponential);
    const binary = (1 / Math.log2(3) + 1 / 2) / (1 + 1 / Math.log2(3) + 1 / 2);
    assert.equal(ndcgAt(ranking, judgments.grades, 10, 'binary'), binary);
  });

  it('cuts both the ranking and the ideal at k', () => {
    assert.equal(measure('ndcg@1', ['a', 'b', 'c']), 1);
    assert.equal(measure('ndcg@1', ['c', 'a', 'b']), 2 / 3);
  });

  it('computes the others by hand', () => {
    const ranking = ['x', 'b', 'y', 'a', 'z'];
    assert.equal(measure('recall@10', ranking), 2 / 3);
    assert.equal(measure('recall@2', ranking), 1 / 3);
    assert.equal(measure('precision@4', ranking), 2 / 4);
    assert.equal(measure('precision@10', ranking), 2 / 10);
    assert.equal(measure('mrr', ranking), 1 / 2);
    assert.equal(measure('mrr@1', ranking), 0);
    assert.equal(measure('map', ranking), (1 / 2 + 2 / 4) / 3);
    assert.equal(measure('hit@1', ranking), 0);
    assert.equal(measure('hit@2', ranking), 1);
  });

  it('counts a document that is listed twice once', () => {
    assert.equal(measure('recall@10', ['a', 'a', 'b']), 2 / 3);
    assert.ok(measure('ndcg@10', ['a', 'a', 'a', 'b', 'c']) < 1);
  });

  it('is 0 without judgments or without a ranking', () => {
    assert.equal(measureRanking(['a'], { grades: new Map() }, { name: 'ndcg', cutoff: 10 }), 0);
    for (const metric of ['ndcg@10', 'recall', 'precision', 'mrr', 'map', 'hit']) assert.equal(measure(metric, []), 0);
  });

  it('drops duplicate targets, and keeps them in the ideal by the paper’s rule', () => {
    const metric = { name: 'ndcg', cutoff: 100 } as const;
    assert.equal(measureRanking(['A'], judgeTargets(['A', 'A', 'A']), metric), 1);
    // [A, A, A] with A first: the released reward is 0.1 + 0.469.
    const paper = measureRanking(['A'], judgeTargets(['A', 'A', 'A'], 'paper'), metric);
    assert.equal(paper, 1 / (1 + 1 / Math.log2(3) + 1 / 2));
    assert.equal((0.1 + paper).toFixed(3), '0.569');
  });

  it('reads names of metrics and refuses others', () => {
    assert.deepEqual(parseMetric('ndcg@10'), { name: 'ndcg', cutoff: 10 });
    assert.deepEqual(parseMetric('mrr'), { name: 'mrr' });
    for (const text of ['ndgc@10', 'ndcg@0', 'ndcg@', 'ndcg@1.5', '']) assert.equal(parseMetric(text), undefined);
  });
});
