import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';

test('a whole number below a bound is the fraction of the same draw times the bound, whatever the bound', () => {
  for (const bound of [1, 2, 3, 10, 5000, 65535, 65536, 65537, 1e6, 2 ** 32]) {
    const [whole, fraction] = [rngFrom(7, bound), rngFrom(7, bound)];
    for (let i = 0; i < 1000; i++) assert.equal(whole.below(bound), Math.floor(fraction.next() * bound));
    assert.deepEqual(whole.state(), fraction.state());
  }
});
