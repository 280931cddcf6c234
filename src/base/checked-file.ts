/** @file Files that end in the SHA-256 of all before, written and read in pieces: they may be larger than any one call takes. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that are read, written and hashed at a time. */
export const PIECE_BYTES = 1 << 22;
/** What the checksum adds to a file. */
export const CHECKSUM_BYTES = 32;

/** The same bytes, and at the end their checksum. */
export async function* withChecksum(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const whole of bytes) {
    for (let at = 0; at < whole.length; at += PIECE_BYTES) {
      const piece = whole.subarray(at, at + PIECE_BYTES);
      hash.update(piece);
      yield piece;
    }
  }
  yield hash.digest();
}

/** Opens a file to read; `missing` is thrown when there is none. */
export async function openToRead(path: string, missing: () => Error): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw missing();
  }
}

/** Reads from the beginning to the end and hashes on the way. */
export class CheckedReader {
  readonly #file: FileHandle;
  readonly #tooShort: () => Error;
  readonly #hash: Hash = createHash('sha256');

  /** @param tooShort what is thrown when the file ends early. */
  constructor(file: FileHandle, tooShort: () => Error) {
    this.#file = file;
    this.#tooShort = tooShort;
  }

  async fill(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      await this.#read(piece);
      this.#hash.update(piece);
    }
  }

  /** Reads the checksum, which comes next, and compares. */
  async checksumFits(): Promise<boolean> {
    const expected = Buffer.alloc(CHECKSUM_BYTES);
    await this.#read(expected);
    return this.#hash.digest().equals(expected);
  }

  async #read(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await this.#file.read(bytes, at);
      if (bytesRead === 0) throw this.#tooShort();
      at += bytesRead;
    }
  }
}
