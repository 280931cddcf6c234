import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../../../src/model/half.ts';
import { type NamedArray, readSafetensors, writeSafetensors } from '../../../src/model/safetensors.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const ARRAYS = new Map<string, NamedArray>([
  ['a', { shape: [2, 3], values: Float32Array.of(1, -2, 0.5, 0, 256, -0.25) }],
  ['empty', { shape: [0, 4], values: new Float32Array(0) }],
  ['b', { shape: [], values: Float32Array.of(3) }],
]);

/** What is written reads its values when their turn comes. */
const SOURCES = new Map(
  [...ARRAYS].map(([name, { shape, values }]) => [name, { shape, values: () => Promise.resolve(values) }]),
);

async function readAll(path: string): Promise<Map<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  await readSafetensors(path, (name, array) => arrays.set(name, array));
  return arrays;
}

describe('safetensors', () => {
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    it(`reads back what it wrote as ${dtype}`, async (test) => {
      const path = join(temporaryFolder(test), 'm.safetensors');
      await writeSafetensors(path, SOURCES, dtype);
      assert.deepEqual(await readAll(path), ARRAYS);
    });
  }

  const damage: readonly (readonly [string, (file: Buffer) => Buffer, RegExp])[] = [
    ['an empty file', () => Buffer.alloc(0), /fewer than 8 bytes/],
    [
      'a header longer than the file',
      (f) => (f.writeBigUInt64LE(2n ** 60n), f),
      /its header claims 1152921504606846976/,
    ],
    ['a header that is no JSON', (f) => (f.write('?', 8), f), /its header is not JSON/],
    ['values that end early', (f) => f.subarray(0, f.length - 4), /lies at bytes .* but its shape needs/],
    ['a web page', () => Buffer.from('<!doctype html><html>not found</html>'), /its header claims/],
    ['an unknown dtype', (f) => Buffer.from(f.toString('latin1').replace('"F32"', '"I99"'), 'latin1'), /dtype "I99"/],
    [
      'a shape that does not fit',
      (f) => Buffer.from(f.toString('latin1').replace('[2,3]', '[2,9]'), 'latin1'),
      /needs 72/,
    ],
    ['a negative size', (f) => Buffer.from(f.toString('latin1').replace('[2,3]', '[2,-]'), 'latin1'), /not JSON/],
  ];
  for (const [name, change, message] of damage) {
    it(`refuses ${name} with one sentence`, async (test) => {
      const path = join(temporaryFolder(test), 'm.safetensors');
      await writeSafetensors(path, SOURCES);
      writeFileSync(path, change(readFileSync(path)));
      await assert.rejects(readAll(path), { name: 'UserError', message });
    });
  }

  it('refuses a header that is too long to be one, though the file is as long', async (test) => {
    const path = join(temporaryFolder(test), 'm.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(100_000_001n);
    writeFileSync(path, length);
    truncateSync(path, 200_000_000); // without blocks on the disk
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(readAll(path), { name: 'UserError', message: /its header of 100000001 bytes is too long/ });
    assert.ok(process.memoryUsage().arrayBuffers - before < 1e6);
  });

  it('says which file is missing', async () => {
    await assert.rejects(readAll('/nowhere/m.safetensors'), {
      name: 'UserError',
      message: /\/nowhere\/m.safetensors does not exist/,
    });
  });
});

describe('half precision', () => {
  it('rounds to nearest even, keeps subnormals, and overflows to infinity', () => {
    const cases: readonly (readonly [number, number])[] = [
      [1, 1],
      [1 + 2 ** -11, 1], // halfway to the next half: down to even
      [1 + 3 * 2 ** -11, 1 + 2 ** -9], // halfway: up to even
      [2 ** -24, 2 ** -24],
      [2 ** -26, 0],
      [65504, 65504],
      [65520, Infinity],
      [-1e9, -Infinity],
    ];
    for (const [value, expected] of cases) {
      assert.equal(float16ToFloat32(float32ToFloat16(Float32Array.of(value)))[0], expected);
    }
    assert.ok(Number.isNaN(float16ToFloat32(float32ToFloat16(Float32Array.of(NaN)))[0]));
  });

  it('reads every half as itself', () => {
    const all = Uint16Array.from({ length: 0x7c01 }, (_, bits) => bits);
    assert.deepEqual(float32ToFloat16(float16ToFloat32(all)), all);
  });

  it('rounds to bfloat16 to nearest even, up to infinity, and keeps what is no number', () => {
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -2, 3.4e38, NaN, 0);
    const expected = [1, 1 + 2 ** -6, -2, Infinity, NaN, 0];
    assert.deepEqual([...bfloat16ToFloat32(float32ToBfloat16(values))], expected);
  });

  it('reads bfloat16 as the upper half of a float32', () => {
    assert.deepEqual([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc000, 0x7f80))], [1, -2, Infinity]);
  });
});
