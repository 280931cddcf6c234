import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { type Rng, rngFrom } from '../../../src/base/rng.ts';
import { storedTensors } from '../../../src/model/safetensors.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A sound file: its header's text, and 24 bytes of values. */
const HEADER =
  '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},' +
  '"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},"c":{"dtype":"F16","shape":[1,1],"data_offsets":[22,24]}}';
const VALUES = Buffer.alloc(24, 0x3f);

function file(header: Buffer, length = BigInt(header.length)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length);
  return Buffer.concat([prefix, header, VALUES]);
}

const HOSTILE = [
  '0',
  '-1',
  '1e308',
  '9007199254740993',
  '4294967296',
  'null',
  '[]',
  '{}',
  '"F32"',
  '18446744073709551615',
];

/** One of the ways in which a file can be damaged or made to do harm. */
function mutated(rng: Rng): Buffer {
  const header = Buffer.from(HEADER);
  const at = rng.below(header.length);
  switch (rng.below(6)) {
    case 0:
      header[at] = rng.below(256);
      return file(header);
    case 1:
      return file(Buffer.concat([header.subarray(0, at), header.subarray(at + 1 + rng.below(8))]));
    case 2: {
      const text = Buffer.from(HOSTILE[rng.below(HOSTILE.length)]);
      return file(Buffer.concat([header.subarray(0, at), text, header.subarray(at)]));
    }
    case 3: {
      const numbers = [...HEADER.matchAll(/\d+/g)];
      const { 0: found, index } = numbers[rng.below(numbers.length)];
      const value = rng.below(2) === 0 ? String(rng.below(40)) : HOSTILE[rng.below(HOSTILE.length)];
      return file(Buffer.from(HEADER.slice(0, index) + value + HEADER.slice(index + found.length)));
    }
    case 4: {
      const whole = file(header);
      return whole.subarray(0, rng.below(whole.length));
    }
    default:
      return file(header, BigInt(rng.below(2 ** 31)) << BigInt(rng.below(33)));
  }
}

const REFUSAL =
  /m\.safetensors(?: is not a sound safetensors file: .*; download or copy it again|: .* has dtype \w+; save the model as F32, F16 or BF16)\.$/;

/** Bytes of the values that a reader is told to make room for. */
async function readAll(path: string): Promise<number> {
  let bytes = 0;
  for await (const { size, readInto } of storedTensors(path)) {
    bytes += 2 * size; // of the shortest format that is read
    assert.ok(bytes <= VALUES.length, `${size} values asked for`);
    await readInto(new Float32Array(size));
  }
  return bytes;
}

describe('a safetensors file whose header was damaged', () => {
  it('is read within its bounds, or refused with one sentence, 5,000 times', async (test) => {
    const path = join(temporaryFolder(test), 'm.safetensors');
    const rng = rngFrom(1, 'safetensors');
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const bytes = mutated(rng);
      writeFileSync(path, bytes);
      try {
        await readAll(path);
      } catch (error) {
        refused++;
        assert.ok(error instanceof UserError, `${String(error)} for ${bytes.toString('latin1')}`);
        assert.match(error.message, REFUSAL);
      }
    }
    assert.ok(refused > 2500 && refused < 5000, `${refused} refused`);
  });

  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['overlapping tensors', HEADER.replace('[16,22]', '[14,20]'), /b overlaps the tensor before it/],
    ['a gap', HEADER.replace(',"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}', ''), /6 bytes before c/],
    ['offsets outside the file', HEADER.replace('[22,24]', '[24,26]'), /c lies at bytes 24 to 26 of 24/],
    [
      'bytes at its end that belong to nothing',
      HEADER.replace(/,"c".*\}\}$/, '}'),
      /its last 2 bytes belong to no tensor/,
    ],
    ['a shape whose product overflows', HEADER.replace('[2,2]', '[4294967296,4294967296]'), /its shape needs/],
    [
      'whole numbers as weights',
      HEADER.replace('"F32"', '"I32"'),
      /a has dtype I32; save the model as F32, F16 or BF16/,
    ],
  ];
  for (const [what, header, message] of cases) {
    it(`is refused for ${what}`, async (test) => {
      const path = join(temporaryFolder(test), 'm.safetensors');
      writeFileSync(path, file(Buffer.from(header)));
      await assert.rejects(readAll(path), { name: 'UserError', message });
    });
  }
});
