import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../../src/base/rng.ts';
import { quantizeDocument } from '../../../../src/retrieval/dense/quantize.ts';
import type { VectorKind } from '../../../../src/retrieval/dense/quantize.ts';
import { TopK } from '../../../../src/retrieval/dense/top-k.ts';
import { VectorMemory, rowBytes } from '../../../../src/retrieval/dense/vector-memory.ts';

/** Reproducible vectors with values in [-1, 1). */
function vectors(count: number, dimensions: number, name: string): Float32Array[] {
  const rng = rngFrom(3, name, count, dimensions);
  return Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, () => 2 * rng.next() - 1));
}

/** A memory with these vectors, in shards of a few rows. */
async function filled(rows: readonly Float32Array[], kind: VectorKind, rowsPerShard = 1e9): Promise<VectorMemory> {
  const shape = { kind, dimensions: rows[0].length, count: rows.length };
  const memory = await VectorMemory.allocate(shape, Math.min(rowsPerShard * rowBytes(shape), 2 ** 30));
  let number = 0;
  const scales = memory.scales();
  memory.rows().forEach((bytes, shard) => {
    for (let at = 0; at < bytes.length; at += rowBytes(shape)) {
      const row = rows[number++];
      const place = bytes.byteOffset + at;
      if (kind === 'float32') new Float32Array(bytes.buffer, place, row.length).set(row);
      else {
        const scale = quantizeDocument(row, new Int8Array(bytes.buffer, place, row.length));
        new Float32Array(scales[shard].buffer, scales[shard].byteOffset)[at / rowBytes(shape)] = scale;
      }
    }
  });
  assert.equal(number, rows.length);
  return memory;
}

function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
}

describe('inner products', () => {
  const shapes = [
    [1, 1, 1],
    [2, 3, 2],
    [5, 4, 3],
    [17, 7, 1],
    [33, 31, 5],
    [130, 65, 64],
    [1100, 384, 3],
    [9, 1030, 131],
  ];
  for (const kind of ['float32', 'int8'] as const) {
    for (const [count, dimensions, queryCount] of shapes) {
      it(`of ${count} ${kind} vectors of ${dimensions} with ${queryCount} queries equal float64's`, async () => {
        const rows = vectors(count, dimensions, 'documents');
        const queries = vectors(queryCount, dimensions, 'queries');
        const found = await (await filled(rows, kind)).search(queries, count);
        found.forEach(({ documents, scores }, q) => {
          assert.equal(documents.length, count);
          documents.forEach((document, i) => {
            const expected = product(rows[document], queries[q]);
            // A value of int8 is off by half a step of 1/127 at most, one of an int16 query by next to nothing.
            const bound = kind === 'float32' ? 1e-6 * dimensions : (0.5 / 127 + 1e-4) * Math.sqrt(dimensions) * 3;
            assert.ok(Math.abs(scores[i] - expected) < bound, `${scores[i]} for ${expected}`);
          });
        });
      });
    }

    it(`of ${kind} are the same bits in several shards and for one query alone`, async () => {
      const rows = vectors(50, 29, 'shards');
      const queries = vectors(7, 29, 'queries');
      const expected = await (await filled(rows, kind)).search(queries, 20);
      assert.deepEqual(await (await filled(rows, kind, 3)).search(queries, 20), expected);
      const alone = await filled(rows, kind);
      for (const [i, query] of queries.entries()) assert.deepEqual(await alone.search([query], 20), [expected[i]]);
      assert.deepEqual(await Promise.all(queries.map((query) => alone.search([query], 20))), expected.map((best) => [best])); // prettier-ignore
    });
  }

  it('of int8 are exact where nothing is rounded: the largest numbers in 4,096 dimensions do not overflow', async () => {
    const ones = new Float32Array(4096).fill(1);
    const memory = await filled([ones, ones.map((value) => -value)], 'int8');
    const [{ documents, scores }] = await memory.search([ones], 2);
    assert.deepEqual([...documents], [0, 1]);
    assert.ok(Math.abs(scores[0] - 4096) < 0.01 && scores[1] === -scores[0], String(scores));
  });

  it('of int8 bear zeros and numbers at the lower end of float32', async () => {
    const rows = [new Float32Array(8), new Float32Array(8).fill(1e-45), new Float32Array(8).fill(1.9e-43)];
    const [{ documents, scores }] = await (await filled(rows, 'int8')).search([new Float32Array(8).fill(1)], 3);
    assert.deepEqual([...documents].sort(), [0, 1, 2]);
    assert.ok(scores.every((score) => score >= 0 && score < 1e-40));
  });

  it('stop when the caller does', async () => {
    const memory = await filled(vectors(3, 4, 'stop'), 'float32');
    await assert.rejects(memory.search(vectors(1, 4, 'q'), 1, AbortSignal.abort()), { name: 'AbortError' });
  });
});

describe('the best k', () => {
  it('are those of a full sort, equals in the order of the documents', () => {
    const rng = rngFrom(9, 'scores');
    const scores = Float32Array.from({ length: 500 }, () => Math.floor(rng.next() * 40) - 20);
    const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
    for (const k of [0, 1, 2, 7, 64, 499, 500, 600]) {
      const top = new TopK(k);
      for (let first = 0; first < 500; first += 100) top.offer(scores.subarray(first, first + 100), first);
      const { documents, scores: best } = top.take();
      assert.deepEqual([...documents], order.slice(0, k));
      assert.deepEqual([...best], order.slice(0, k).map((document) => scores[document])); // prettier-ignore
    }
  });
});
