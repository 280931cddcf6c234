import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { UserError } from '../../../src/base/errors.ts';
import { Heap } from '../../../src/model/engine/heap.ts';

function newHeap(limit?: number): Heap {
  return new Heap(65536, () => undefined, limit);
}

describe('Heap', () => {
  it('gives aligned blocks that do not overlap, through 20,000 random allocations and frees', () => {
    const heap = newHeap();
    const rng = rngFrom(3, 'heap');
    const blocks = new Map<number, number>();
    for (let i = 0; i < 20000; i++) {
      if (rng.next() < 0.52 || blocks.size === 0) {
        const size = Math.floor(2 ** (rng.next() * 20));
        const address = heap.allocate(size);
        assert.equal(address % 64, 0);
        blocks.set(address, size);
      } else {
        const address = [...blocks.keys()][rng.below(blocks.size)];
        heap.free(address);
        blocks.delete(address);
      }
      if (i % 1000 === 0) assertDisjoint(blocks);
    }
    assertDisjoint(blocks);
    for (const address of blocks.keys()) heap.free(address);
    assert.equal(heap.usedBytes, 0);
  });

  it('joins freed neighbours in any order, so that the whole becomes one block again', () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1],
    ]) {
      const heap = newHeap();
      const addresses = Array.from({ length: 4 }, () => heap.allocate(4 << 20));
      const { end } = heap;
      for (const i of order) heap.free(addresses[i]);
      assert.equal(heap.allocate(16 << 20), addresses[0]);
      assert.equal(heap.end, end);
    }
  });

  it('does not grow when the same sizes are asked for again and again', () => {
    const heap = newHeap();
    const step = (): void => {
      const kept = [100, 5e6, 64, 3e6, 7].map((size) => heap.allocate(size));
      for (const i of [3, 0, 4, 1, 2]) heap.free(kept[i]);
    };
    step();
    const { end } = heap;
    for (let i = 0; i < 1000; i++) step();
    assert.equal(heap.end, end);
  });

  it('splits a large free block instead of growing', () => {
    const heap = newHeap();
    const large = heap.allocate(16 << 20);
    heap.free(large);
    const { end } = heap;
    const parts = Array.from({ length: 16 }, () => heap.allocate(1 << 20));
    assert.equal(heap.end, end);
    assert.deepEqual(
      parts.map((part) => part - large),
      Array.from({ length: 16 }, (_, i) => i << 20),
    );
  });

  it('reaches addresses above 2 GiB and says what to do when 4 GiB are full', () => {
    const heap = newHeap();
    const blocks = Array.from({ length: 3 }, () => heap.allocate(2 ** 30));
    assert.ok(blocks[2] > 2 ** 31);
    assert.throws(
      () => heap.allocate(2 ** 30),
      (error) => error instanceof UserError && /smaller/.test(error.message),
    );
    heap.free(blocks[1]);
    assert.equal(heap.allocate(2 ** 30), blocks[1]);
  });

  it('refuses to free what it did not give', () => {
    const heap = newHeap();
    const address = heap.allocate(1);
    heap.free(address);
    assert.throws(() => {
      heap.free(address);
    });
  });
});

function assertDisjoint(blocks: ReadonlyMap<number, number>): void {
  const sorted = [...blocks].sort(([a], [b]) => a - b);
  for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i - 1][0] + sorted[i - 1][1] <= sorted[i][0]);
}
