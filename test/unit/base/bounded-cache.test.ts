import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BoundedCache } from '../../../src/base/bounded-cache.ts';

describe('a bounded cache', () => {
  it('lets go of what was not used longest', () => {
    const cache = new BoundedCache<number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    assert.equal(cache.get('a'), 1);
    assert.deepEqual(cache.set('c', 3), [2]);
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3]);
    assert.deepEqual(cache.values(), [1, 3]);
  });

  it('counts sizes, and keeps one that is too large alone', () => {
    const cache = new BoundedCache<string>(10);
    cache.set('a', 'A', 4);
    cache.set('b', 'B', 4);
    assert.deepEqual(cache.set('large', 'L', 20), ['A', 'B']);
    assert.deepEqual(cache.set('c', 'C', 10), ['L']);
    assert.deepEqual(cache.clear(), ['C']);
  });

  it('returns what a new value takes the place of', () => {
    const cache = new BoundedCache<string>(2);
    cache.set('a', 'old');
    assert.deepEqual(cache.set('a', 'new'), ['old']);
    assert.deepEqual(cache.set('b', 'B'), []);
    assert.equal(cache.get('a'), 'new');
  });
});
