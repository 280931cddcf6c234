/**
 * @file Hugging Face's safetensors files: an 8-byte header length, a JSON header, raw little-endian values. The header is
 * read and checked in safetensors-header.ts. Half-precision values become float32 on reading.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.ts';
import { readHeader, type TensorEntry, unsound } from './safetensors-header.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type DType = 'F32' | 'F16' | 'BF16';
const BYTES: Readonly<Record<DType, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Bytes read at a time. */
const chunkBytes = 1 << 20;

/** A tensor of an open file. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of values. */
  readonly size: number;
  readonly dtype: DType;
  /** Reads the values as they are stored, two bytes each: for F16 and BF16. */
  readonly readHalves: (halves: Uint16Array) => Promise<void>;
  /** Reads the values into an array of that size, a little at a time. */
  readonly readInto: (values: Float32Array) => Promise<void>;
}

/**
 * The tensors of a file, in the order in which they lie there. A tensor is read only when it is asked to be; the file is
 * closed when the loop ends.
 *
 * @throws UserError naming the file and the tensor when the file is not sound, or of a type that cannot be read.
 */
export async function* storedTensors(path: string): AsyncGenerator<StoredTensor> {
  const file = await openOrExplain(path);
  try {
    for (const entry of await readHeader(file, path)) {
      const { name, shape, dtype } = entry;
      // Before anybody makes room for the values: of single bytes they would take four times the file.
      if (!isReadable(dtype)) {
        throw new UserError(`${path}: ${name} has dtype ${dtype}; save the model as F32, F16 or BF16.`);
      }
      const size = shape.reduce((product, n) => product * n, 1);
      yield {
        name,
        shape,
        size,
        dtype,
        readHalves: (halves) => readHalves(file, path, entry, halves),
        readInto: (values) => readValues(file, path, { ...entry, dtype }, values),
      };
    }
  } finally {
    await file.close();
  }
}

/** Calls `visit` with each tensor of a file, one after another. @throws UserError as `storedTensors`. */
export async function readSafetensors(path: string, visit: (name: string, array: NamedArray) => void): Promise<void> {
  for await (const { name, shape, size, readInto } of storedTensors(path)) {
    const values = new Float32Array(size);
    await readInto(values);
    visit(name, { shape, values });
  }
}

async function readValues(
  file: FileHandle,
  path: string,
  entry: TensorEntry & { readonly dtype: DType },
  values: Float32Array,
): Promise<void> {
  const { dtype } = entry;
  for await (const { bytes, at } of readPieces(file, path, entry, BYTES[dtype])) {
    values.set(toFloat32(bytes, dtype), at / BYTES[dtype]);
  }
}

async function readHalves(file: FileHandle, path: string, entry: TensorEntry, halves: Uint16Array): Promise<void> {
  for await (const { bytes, at } of readPieces(file, path, entry, 2)) halves.set(halvesOf(bytes), at / 2);
}

/** The bytes of a tensor a little at a time, each piece whole values, with where it begins in the tensor. */
async function* readPieces(
  file: FileHandle,
  path: string,
  { name, start, end }: TensorEntry,
  valueBytes: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }> {
  const buffer = Buffer.alloc(Math.min(chunkBytes, end - start));
  for (let at = start; at < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    const whole = bytesRead - (bytesRead % valueBytes);
    if (whole === 0) throw unsound(path, `the values of ${name} end early`);
    yield { bytes: buffer.subarray(0, whole), at: at - start };
    at += whole;
  }
}

function isReadable(dtype: string): dtype is DType {
  return Object.hasOwn(BYTES, dtype);
}

function toFloat32(bytes: Buffer, dtype: DType): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  const halves = halvesOf(bytes);
  return dtype === 'F16' ? float16ToFloat32(halves) : bfloat16ToFloat32(halves);
}

function halvesOf({ buffer, byteOffset, byteLength }: Buffer): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

/** A tensor to be written; its values are asked for when its turn comes. */
export interface TensorSource {
  readonly shape: readonly number[];
  readonly values: () => Float32Array | Promise<Float32Array>;
}

/** Writes a file whole or not at all, one tensor after another. Half precision rounds to nearest even. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorSource>,
  dtype: DType = 'F32',
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const [name, { shape }] of tensors) {
    const end = offset + shape.reduce((a, b) => a * b, 1) * BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, ' '); // keeps the values aligned to 8 bytes
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  await writeFileAtomic(path, pieces(Buffer.concat([length, json, padding]), tensors, dtype));
}

async function* pieces(
  header: Uint8Array,
  tensors: ReadonlyMap<string, TensorSource>,
  dtype: DType,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const tensor of tensors.values()) yield toBytes(await tensor.values(), dtype);
}

/** Float32 values as they are stored. */
export function toBytes(values: Float32Array, dtype: DType): Uint8Array {
  const stored = dtype === 'F32' ? values : dtype === 'F16' ? float32ToFloat16(values) : float32ToBfloat16(values);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

async function openOrExplain(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UserError(`${path} does not exist.`);
    throw error;
  }
}
