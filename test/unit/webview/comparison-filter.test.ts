import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ComparisonFilter, NO_COMPARISON_FILTER, shownRows } from '../../../webview/comparison-filter.ts';
import type { ComparedQuery } from '../../../webview/protocol.ts';

function answer(rewrite: string | null): ComparedQuery['a'] {
  return { rewrite, format: rewrite === null ? 'tags' : 'ok', value: 0.5 };
}

function row(query: string, gain: number, overlap: number, rewrite: string | null = 'r'): ComparedQuery {
  return { exampleId: query, query, a: answer('Cushion'), b: answer(rewrite), gain, overlap };
}

const ROWS = [row('mug', 0.5, 0.2), row('back', 0.01, 0.9), row('dog', -0.4, 0.1), row('cat', 0, 1, null)];

function queries(filter: Partial<ComparisonFilter>): string[] {
  return shownRows(ROWS, { ...NO_COMPARISON_FILTER, ...filter }, 0.05).map(({ query }) => query);
}

describe('the queries of a comparison', () => {
  it('come by gain, by loss, by how much the list moved, or by their text', () => {
    assert.deepEqual(queries({}), ['mug', 'back', 'cat', 'dog']);
    assert.deepEqual(queries({ order: 'loss' }), ['dog', 'cat', 'back', 'mug']);
    assert.deepEqual(queries({ order: 'moved' }), ['dog', 'mug', 'back', 'cat']);
    assert.deepEqual(queries({ order: 'query' }), ['back', 'cat', 'dog', 'mug']);
  });

  it('count a gain or loss within the minimum effect as none', () => {
    assert.deepEqual(queries({ show: 'gained' }), ['mug']);
    assert.deepEqual(queries({ show: 'lost' }), ['dog']);
    assert.deepEqual(queries({ show: 'same' }), ['back', 'cat']);
    assert.deepEqual(queries({ show: 'malformed' }), ['cat']);
  });

  it('are searched in the query and both rewrites, whatever the case', () => {
    assert.deepEqual(queries({ text: 'DOG' }), ['dog']);
    assert.equal(queries({ text: 'cushion' }).length, 4);
    assert.deepEqual(queries({ text: 'nothing' }), []);
  });
});
