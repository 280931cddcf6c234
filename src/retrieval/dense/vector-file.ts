/**
 * @file Document vectors as one file: streamed out as they are made, so that no second copy is ever held, and read straight
 * into the memory that is searched.
 *
 * Layout: 8 bytes magic, 4 bytes format version, 4 bytes header length (little-endian), the header as JSON, the ids (JSON
 * strings, a line each), the rows, for int8 their scales, then the SHA-256 of all before. Rows have the padding of
 * {@link VectorMemory}.
 */
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { CHECKSUM_BYTES, CheckedReader, openToRead, PIECE_BYTES, withChecksum } from '../../base/checked-file.ts';
import { UserError } from '../../base/errors.ts';
import { checkVector, quantizeDocument } from './quantize.ts';
import { VectorMemory, type VectorShape, rowBytes } from './vector-memory.ts';

const MAGIC = 'RECR1VEC';
export const VECTOR_VERSION = 1;
const PREFIX_BYTES = 16;

/** A file that cannot be used and may be made again. */
export class VectorFileError extends UserError {}

/** What a file says of itself. `origin` is JSON that the file's maker knows how to read. */
export interface VectorHeader<Origin> extends VectorShape {
  readonly idBytes: number;
  readonly origin: Origin;
}

/** Vectors to write. Their ids are in the order of their UTF-8 bytes, so that the smaller number wins a tie. */
export interface VectorSource<Origin> extends Omit<VectorShape, 'count'> {
  readonly ids: readonly string[];
  /** One for each id, in that order. */
  readonly vectors: AsyncIterable<Float32Array>;
  readonly origin: Origin;
}

export interface LoadedVectors<Origin> {
  readonly ids: readonly string[];
  readonly memory: VectorMemory;
  readonly origin: Origin;
}

/**
 * Writes a file whole or not at all.
 *
 * @throws UserError when a vector is not finite or of another dimension; nothing is left behind then.
 */
export async function writeVectorFile<Origin>(path: string, source: VectorSource<Origin>): Promise<void> {
  await writeFileAtomic(path, withChecksum(pieces(source)));
}

async function* pieces<Origin>({ ids, vectors, origin, ...shape }: VectorSource<Origin>): AsyncGenerator<Uint8Array> {
  const idLines = Buffer.from(ids.map((id) => `${JSON.stringify(id)}\n`).join(''));
  const header: VectorHeader<Origin> = { ...shape, count: ids.length, idBytes: idLines.length, origin };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(VECTOR_VERSION, 8);
  prefix.writeUInt32LE(headerBytes.length, 12);
  yield Buffer.concat([prefix, headerBytes, idLines]);
  const scales = new Float32Array(shape.kind === 'int8' ? ids.length : 0);
  yield* rows(header, ids, vectors, scales);
  yield new Uint8Array(scales.buffer);
}

/** The rows in pieces of a few megabytes; fills in the scales of int8 vectors. */
async function* rows(
  shape: VectorShape,
  ids: readonly string[],
  vectors: AsyncIterable<Float32Array>,
  scales: Float32Array,
): AsyncGenerator<Uint8Array> {
  const row = rowBytes(shape);
  const perPiece = Math.max(1, Math.floor(PIECE_BYTES / row));
  let piece = new ArrayBuffer(perPiece * row);
  let number = 0;
  for await (const vector of vectors) {
    checkVector(vector, shape.dimensions, `Document "${ids[number]}"`);
    const at = (number % perPiece) * row;
    if (shape.kind === 'float32') new Float32Array(piece, at, shape.dimensions).set(vector);
    else scales[number] = quantizeDocument(vector, new Int8Array(piece, at, shape.dimensions));
    number++;
    if (number % perPiece === 0) {
      yield new Uint8Array(piece);
      piece = new ArrayBuffer(perPiece * row);
    }
  }
  if (number !== ids.length) throw new Error(`${ids.length} vectors were promised and ${number} came`);
  yield new Uint8Array(piece, 0, (number % perPiece) * row);
}

/**
 * Reads a file. `check` sees what the file says of itself before its vectors are read, and throws when they are not wanted.
 *
 * @throws VectorFileError when there is none, when it is another kind of file, of another version, damaged or cut short.
 * @throws UserError when its vectors do not fit into memory.
 */
export async function readVectorFile<Origin>(
  path: string,
  check: (header: VectorHeader<Origin>) => void = () => undefined,
): Promise<LoadedVectors<Origin>> {
  const file = await openToRead(
    path,
    () => new VectorFileError(`There are no vectors at ${path}; make them with rec-r1 index --encoder DIR.`),
  );
  try {
    const { size } = await file.stat();
    const reader = new CheckedReader(file, () => damaged(path));
    const header = await readHeader<Origin>(reader, size, path);
    check(header);
    const idLines = Buffer.alloc(header.idBytes);
    await reader.fill(idLines);
    const memory = await VectorMemory.allocate(header);
    for (const rowsOfShard of memory.rows()) await reader.fill(rowsOfShard);
    if (header.kind === 'int8') for (const scales of memory.scales()) await reader.fill(scales);
    if (!(await reader.checksumFits())) throw damaged(path);
    const ids = idLines.toString('utf8').split('\n').slice(0, -1);
    return { ids: ids.map((line) => JSON.parse(line) as string), memory, origin: header.origin };
  } finally {
    await file.close();
  }
}

async function readHeader<Origin>(reader: CheckedReader, size: number, path: string): Promise<VectorHeader<Origin>> {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  if (size >= PREFIX_BYTES + CHECKSUM_BYTES) await reader.fill(prefix);
  if (prefix.toString('latin1', 0, 8) !== MAGIC) {
    throw new VectorFileError(`${path} is no file of vectors of rec-r1; delete it, so that it is made again.`);
  }
  const version = prefix.readUInt32LE(8);
  if (version !== VECTOR_VERSION) {
    throw new VectorFileError(
      `${path} has format ${version}, and this version reads ${VECTOR_VERSION}; delete it, so that it is made again.`,
    );
  }
  const headerBytes = prefix.readUInt32LE(12);
  if (PREFIX_BYTES + headerBytes > size) throw damaged(path);
  const bytes = Buffer.alloc(headerBytes);
  await reader.fill(bytes);
  const header = parseHeader<Origin>(bytes, path);
  if (PREFIX_BYTES + headerBytes + bodyBytes(header) + CHECKSUM_BYTES !== size) throw damaged(path);
  return header;
}

function parseHeader<Origin>(bytes: Buffer, path: string): VectorHeader<Origin> {
  try {
    return JSON.parse(bytes.toString('utf8')) as VectorHeader<Origin>;
  } catch {
    throw damaged(path);
  }
}

function bodyBytes(header: VectorHeader<unknown>): number {
  return header.idBytes + header.count * (rowBytes(header) + (header.kind === 'int8' ? 4 : 0));
}

function damaged(path: string): VectorFileError {
  return new VectorFileError(
    `${path} is damaged or cut short (its size or checksum does not fit); delete it, so that it is made again.`,
  );
}
