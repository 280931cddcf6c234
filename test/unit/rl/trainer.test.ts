import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Example } from '../../../src/data/task.ts';
import { batchOf, rateFactor } from '../../../src/rl/trainer.ts';

const examples = Array.from({ length: 10 }, (_, i): Example => ({ id: `q${i}`, query: '', relevant: new Map() }));
const ids = (batch: readonly Example[]): string[] => batch.map(({ id }) => id);

describe('batchOf', () => {
  it('shows every example once in an epoch, in another order in the next', () => {
    const epochs = [0, 1].map((epoch) =>
      [1, 2, 3, 4, 5].flatMap((step) => ids(batchOf(examples, 2, 7, epoch * 5 + step))),
    );
    for (const epoch of epochs) assert.equal(new Set(epoch).size, 10);
    assert.notDeepEqual(epochs[0], epochs[1]);
  });

  it('goes on over the end of an epoch, also when a batch is larger than the split', () => {
    assert.equal(new Set(ids(batchOf(examples, 4, 7, 3))).size >= 2, true);
    assert.equal(batchOf(examples, 25, 7, 1).length, 25);
  });

  it('depends on seed and step alone', () => {
    assert.deepEqual(ids(batchOf(examples, 4, 7, 5)), ids(batchOf(examples, 4, 7, 5)));
    assert.notDeepEqual(ids(batchOf(examples, 4, 7, 5)), ids(batchOf(examples, 4, 8, 5)));
  });
});

describe('rateFactor', () => {
  it('rises over the warm-up and then stays or falls', () => {
    const at = (decay: 'constant' | 'cosine') => (step: number) => rateFactor(step, 100, { warmup: 10, decay });
    assert.deepEqual([1, 5, 10, 50, 100].map(at('constant')), [0.1, 0.5, 1, 1, 1]);
    const cosine = [5, 11, 56, 100].map(at('cosine'));
    assert.equal(cosine[0], 0.5);
    assert.equal(cosine[1], 1);
    assert.ok(Math.abs(cosine[2] - 0.5) < 1e-12);
    assert.ok(cosine[3] > 0 && cosine[3] < 0.001);
  });
});
