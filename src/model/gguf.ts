/**
 * @file Writing GGUF files (version 3), the format of llama.cpp: metadata by key, then tensors. What a model's keys and
 * tensors are called is in gguf-model.ts.
 *
 * Layout: magic, version, counts, metadata, descriptions of the tensors with their offsets, padding, and the tensors, each
 * aligned to 32 bytes. All numbers are little-endian; dimensions are listed with the fastest first.
 */
import { writeFileAtomic } from '../base/atomic-file.ts';
import { type DType, type TensorSource, toBytes } from './safetensors.ts';

export type GgufValue =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] };

export interface GgufTensor extends TensorSource {
  readonly dtype: DType;
}

const VERSION = 3;
const ALIGNMENT = 32;
/** The format's numbers for types of values, … */
const TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
/** … and for types of tensors. */
const TENSOR_TYPE: Readonly<Record<DType, number>> = { F32: 0, F16: 1, BF16: 30 };
const BYTES: Readonly<Record<DType, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Writes a file whole or not at all, one tensor after another. */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, GgufTensor>,
): Promise<void> {
  await writeFileAtomic(path, pieces(metadata, tensors));
}

async function* pieces(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, GgufTensor>,
): AsyncGenerator<Uint8Array> {
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(VERSION),
    uint64(tensors.size),
    uint64(metadata.size),
    ...[...metadata].flatMap(([key, value]) => [text(key), ...typed(value)]),
    ...descriptions(tensors),
  ]);
  yield head;
  yield Buffer.alloc(aligned(head.length) - head.length);
  for (const { dtype, values } of tensors.values()) {
    const bytes = toBytes(await values(), dtype);
    yield bytes;
    yield Buffer.alloc(aligned(bytes.length) - bytes.length);
  }
}

function descriptions(tensors: ReadonlyMap<string, GgufTensor>): Buffer[] {
  let offset = 0;
  return [...tensors].map(([name, { shape, dtype }]) => {
    const dimensions = [...shape].reverse().map(uint64);
    const parts = [text(name), uint32(shape.length), ...dimensions, uint32(TENSOR_TYPE[dtype]), uint64(offset)];
    offset += aligned(shape.reduce((product, n) => product * n, 1) * BYTES[dtype]);
    return Buffer.concat(parts);
  });
}

function typed({ type, value }: GgufValue): Buffer[] {
  switch (type) {
    case 'uint32':
      return [uint32(TYPE.uint32), uint32(value)];
    case 'float32':
      return [uint32(TYPE.float32), float32(value)];
    case 'bool':
      return [uint32(TYPE.bool), Buffer.of(value ? 1 : 0)];
    case 'string':
      return [uint32(TYPE.string), text(value)];
    case 'strings':
      return [uint32(TYPE.array), uint32(TYPE.string), uint64(value.length), ...value.map(text)];
    case 'int32s':
      return [uint32(TYPE.array), uint32(TYPE.int32), uint64(value.length), int32s(value)];
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function int32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeInt32LE(value, 4 * i);
  return bytes;
}

/** Its length in bytes, then UTF-8. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
