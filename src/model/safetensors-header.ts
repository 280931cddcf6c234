/**
 * @file The header of a safetensors file: which tensor lies where. Every number is checked against the file's size before
 * anything is allocated for it, as the reference implementation checks: a downloaded file may be truncated or hostile.
 */
import type { FileHandle } from 'node:fs/promises';
import { describe, isRow } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';

/** Bytes of one value. Formats of less than a byte are not known here. */
const BYTES: Readonly<Record<string, number>> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1, BOOL: 1 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1 },
};

/** Longer headers are refused, as by the reference implementation. */
const mostHeaderBytes = 100_000_000;

export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where the values begin and end in the file, in bytes: [start, end). */
  readonly start: number;
  readonly end: number;
}

/**
 * The tensors of a file in the order in which they lie there, without gap or overlap.
 *
 * @throws UserError naming the file and what is wrong with it.
 */
export async function readHeader(file: FileHandle, path: string): Promise<readonly TensorEntry[]> {
  const stat = await file.stat();
  if (!stat.isFile()) throw unsound(path, 'it is not a file');
  const prefix = Buffer.alloc(8);
  if ((await file.read(prefix, 0, 8, 0)).bytesRead < 8) throw unsound(path, 'it has fewer than 8 bytes');
  const claimed = prefix.readBigUInt64LE();
  if (claimed > BigInt(stat.size - 8)) throw unsound(path, `its header claims ${claimed} bytes of ${stat.size}`);
  if (claimed > BigInt(mostHeaderBytes)) throw unsound(path, `its header of ${claimed} bytes is too long`);
  const json = Buffer.alloc(Number(claimed));
  await file.read(json, 0, json.length, 8);
  const dataStart = 8 + json.length;
  const entries = Object.entries(parsed(json, path))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkedEntry(path, name, value, dataStart, stat.size));
  return inOrder(path, entries, dataStart, stat.size);
}

function parsed(json: Buffer, path: string): object {
  let header: unknown;
  try {
    header = JSON.parse(json.toString('utf8'));
  } catch {
    throw unsound(path, 'its header is not JSON');
  }
  if (!isRow(header)) throw unsound(path, 'its header is not an object');
  return header;
}

function checkedEntry(path: string, name: string, value: unknown, dataStart: number, size: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRow(value) ? value : {};
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype)) {
    throw unsound(path, `${name} has the unknown dtype ${describe(dtype)}`);
  }
  if (!isSizes(shape)) throw unsound(path, `${name} has no shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw unsound(path, `${name} has no offsets`);
  const [start, end] = offsets;
  const expected = shape.reduce((a, b) => a * b, 1) * BYTES[dtype];
  if (end > size - dataStart || end - start !== expected) {
    const available = size - dataStart;
    throw unsound(path, `${name} lies at bytes ${start} to ${end} of ${available}, but its shape needs ${expected}`);
  }
  return { name, dtype, shape, start: dataStart + start, end: dataStart + end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}

function inOrder(path: string, entries: TensorEntry[], dataStart: number, size: number): readonly TensorEntry[] {
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let end = dataStart;
  for (const entry of entries) {
    if (entry.start < end) throw unsound(path, `${entry.name} overlaps the tensor before it`);
    if (entry.start > end) throw unsound(path, `${entry.start - end} bytes before ${entry.name} belong to no tensor`);
    end = entry.end;
  }
  if (end < size) throw unsound(path, `its last ${size - end} bytes belong to no tensor`);
  return entries;
}

/** What is wrong with a file, as one sentence for the user. */
export function unsound(path: string, reason: string): UserError {
  return new UserError(`${path} is not a sound safetensors file: ${reason}; download or copy it again.`);
}
