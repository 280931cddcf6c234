/**
 * @file Hugging Face's safetensors files: an 8-byte header length, a JSON header, raw little-endian values.
 *
 * Every number in the header is checked against the file's size before anything is allocated: a downloaded file may be
 * truncated or hostile. Half-precision values become float32 on reading.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from './half.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type DType = 'F32' | 'F16' | 'BF16';
const BYTES: Readonly<Record<DType, number>> = { F32: 4, F16: 2, BF16: 2 };

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Within the data section, in bytes: [start, end). */
  readonly offsets: readonly [number, number];
}

/**
 * Calls `visit` with each tensor of a file, one after another, so that no second copy of the whole model is held.
 *
 * @throws UserError naming the file and the tensor when the file is not sound.
 */
export async function readSafetensors(path: string, visit: (name: string, array: NamedArray) => void): Promise<void> {
  const file = await openOrExplain(path);
  try {
    const { entries, dataStart } = await readHeader(file, path);
    for (const [name, entry] of entries) {
      const bytes = Buffer.alloc(entry.offsets[1] - entry.offsets[0]);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, dataStart + entry.offsets[0]);
      if (bytesRead < bytes.length) throw unsound(path, `the values of ${name} end early`);
      visit(name, { shape: entry.shape, values: toFloat32(bytes, entry.dtype) });
    }
  } finally {
    await file.close();
  }
}

/** Writes a file whole or not at all. `F16` halves the size and rounds to nearest even. */
export async function writeSafetensors(
  path: string,
  arrays: ReadonlyMap<string, NamedArray>,
  dtype: 'F32' | 'F16' = 'F32',
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of arrays) {
    const stored = dtype === 'F32' ? values : float32ToFloat16(values);
    parts.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    header[name] = { dtype, shape, data_offsets: [offset, offset + stored.byteLength] };
    offset += stored.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, ' '); // keeps the values aligned to 8 bytes
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  await writeFileAtomic(path, Buffer.concat([length, json, padding, ...parts]));
}

async function openOrExplain(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UserError(`${path} does not exist.`);
    throw error;
  }
}

async function readHeader(
  file: FileHandle,
  path: string,
): Promise<{ entries: readonly (readonly [string, Entry])[]; dataStart: number }> {
  const { size } = await file.stat();
  const prefix = Buffer.alloc(8);
  if ((await file.read(prefix, 0, 8, 0)).bytesRead < 8) throw unsound(path, 'it has fewer than 8 bytes');
  const headerBytes = prefix.readBigUInt64LE();
  if (headerBytes > BigInt(size - 8)) throw unsound(path, `its header claims ${headerBytes} bytes of ${size}`);
  const dataStart = 8 + Number(headerBytes);
  const json = Buffer.alloc(Number(headerBytes));
  await file.read(json, 0, json.length, 8);
  let header: unknown;
  try {
    header = JSON.parse(json.toString('utf8'));
  } catch {
    throw unsound(path, 'its header is not JSON');
  }
  if (typeof header !== 'object' || header === null) throw unsound(path, 'its header is not an object');
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => [name, checkedEntry(path, name, value, size - dataStart)] as const);
  return { entries, dataStart };
}

function checkedEntry(path: string, name: string, value: unknown, dataBytes: number): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype)) {
    throw unsound(path, `${name} has dtype ${JSON.stringify(dtype)}; F32, F16 and BF16 can be read`);
  }
  const isSize = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) throw unsound(path, `${name} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw unsound(path, `${name} has no offsets`);
  }
  const [start, end] = offsets as [number, number];
  const expected = shape.reduce((a, b) => a * b, 1) * BYTES[dtype as DType];
  if (end > dataBytes || end - start !== expected) {
    throw unsound(path, `${name} lies at bytes ${start} to ${end} of ${dataBytes}, but its shape needs ${expected}`);
  }
  return { dtype: dtype as DType, shape, offsets: [start, end] };
}

function toFloat32(bytes: Buffer, dtype: DType): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  return dtype === 'F16' ? float16ToFloat32(halves) : bfloat16ToFloat32(halves);
}

function unsound(path: string, reason: string): UserError {
  return new UserError(`${path} is not a sound safetensors file: ${reason}; download or copy it again.`);
}
