/** @file Parquet files written by pyarrow in all the ways that its writers differ, read row by row. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { readParquet } from '../../src/data/parquet.ts';

const dir = join(packageRoot(), 'test/golden/parquet');
const rows = JSON.parse(readFileSync(join(dir, 'rows.json'), 'utf8')) as Record<string, unknown>[];

async function read(file: string, columns?: readonly string[]): Promise<object[]> {
  const found: object[] = [];
  for await (const { value } of readParquet(join(dir, file), columns)) found.push(value);
  return found;
}

describe('parquet files', () => {
  const files = readdirSync(dir).filter((name) => name.endsWith('.parquet') && name !== 'nested.parquet');
  for (const file of files) {
    it(`are read as pyarrow wrote them: ${file}`, async () => {
      assert.deepEqual(await read(file), rows);
    });
  }

  it('are read by the columns that are asked for', async () => {
    const expected = rows.map(({ number, id }) => ({ number, id }));
    assert.deepEqual(await read('zstd-groups.parquet', ['number', 'id']), expected);
  });

  it('give their plain columns when others are nested', async () => {
    assert.deepEqual(await read('nested.parquet'), [{ id: 'x' }]);
    await assert.rejects(read('nested.parquet', ['items']), /the column "items" is a list or a struct/);
  });
});
