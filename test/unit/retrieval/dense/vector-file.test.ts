import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type VectorSource, readVectorFile, writeVectorFile } from '../../../../src/retrieval/dense/vector-file.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';

const VECTORS = [
  [1, 0, 0],
  [0.5, -0.25, 0],
  [0, 0, 0],
  [-1, 2.5, 3],
];

function source(rows: readonly (readonly number[])[], kind: 'float32' | 'int8' = 'float32'): VectorSource<string> {
  return {
    kind,
    dimensions: 3,
    ids: rows.map((_, i) => `id "${i}"\n`),
    vectors: (async function* () {
      for (const row of rows) yield await Promise.resolve(Float32Array.from(row));
    })(),
    origin: 'a test',
  };
}

describe('a file of vectors', () => {
  for (const kind of ['float32', 'int8'] as const) {
    it(`gives ${kind} back as they were, with their ids and their origin`, async (test) => {
      const path = join(temporaryFolder(test), 'v');
      await writeVectorFile(path, source(VECTORS, kind));
      const { ids, memory, origin } = await readVectorFile<string>(path);
      assert.deepEqual(ids, ['id "0"\n', 'id "1"\n', 'id "2"\n', 'id "3"\n']);
      assert.equal(origin, 'a test');
      assert.equal(memory.shape.count, 4);
      const [{ documents, scores }] = await memory.search([Float32Array.of(1, 1, 0)], 4);
      assert.deepEqual([...documents], [3, 0, 1, 2]);
      [1.5, 1, 0.25, 0].forEach((score, i) => {
        assert.ok(Math.abs(scores[i] - score) < (kind === 'int8' ? 0.03 : 1e-9), String(scores));
      });
    });
  }

  it('may hold no vector at all', async (test) => {
    const path = join(temporaryFolder(test), 'v');
    await writeVectorFile(path, source([]));
    const { ids, memory } = await readVectorFile(path);
    assert.deepEqual([ids, await memory.search([Float32Array.of(1, 0, 0)], 5)], [[], [{ documents: new Uint32Array(), scores: new Float32Array() }]]); // prettier-ignore
  });

  it('is not written when a vector is not finite or has another length, and leaves nothing behind', async (test) => {
    const dir = temporaryFolder(test);
    const write = (row: readonly number[]): Promise<void> => writeVectorFile(join(dir, 'v'), source([VECTORS[0], row]));
    await assert.rejects(write([0, NaN, 0]), /^UserError: Document "id "1"\n": value 2 of the vector is NaN/);
    await assert.rejects(write([0, 0, Infinity]), /value 3 of the vector is Infinity; it must be a finite number/);
    await assert.rejects(write([1, 2]), /the vector has 2 values; all vectors must have 3/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('is refused when it is missing, foreign, cut short, longer or changed in any byte', async (test) => {
    const path = join(temporaryFolder(test), 'v');
    await assert.rejects(
      readVectorFile(path),
      /There are no vectors at .*v; make them with rec-r1 index --encoder DIR/,
    );
    await writeVectorFile(path, source(VECTORS, 'int8'));
    const bytes = readFileSync(path);
    const read = async (content: Uint8Array): Promise<unknown> => {
      writeFileSync(path, content);
      return readVectorFile(path);
    };
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(read(bytes.subarray(0, length)), { name: 'UserError' }, `cut to ${length} bytes`);
    }
    await assert.rejects(read(Buffer.concat([bytes, Buffer.of(0)])), /damaged or cut short/);
    await assert.rejects(read(Buffer.from(`PK${'x'.repeat(500)}`)), /is no file of vectors of rec-r1/);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 0x11;
      await assert.rejects(read(changed), { name: 'UserError' }, `byte ${at} changed`);
    }
    assert.ok(await read(bytes));
  });

  it('lets the reader refuse what it says of itself before its vectors are read', async (test) => {
    const path = join(temporaryFolder(test), 'v');
    await writeVectorFile(path, source(VECTORS));
    const refuse = ({ origin }: { origin: string }): never => {
      throw new Error(`not from ${origin}`);
    };
    await assert.rejects(readVectorFile<string>(path, refuse), /not from a test/);
    assert.ok(existsSync(path));
  });
});
