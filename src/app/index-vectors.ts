/** @file Makes, keeps and opens the vectors of a corpus. */
import { createHash } from 'node:crypto';
import { describe, idField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { sha256OfFile } from '../base/file-hash.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { compareCodePoints } from '../base/order.ts';
import { documentText } from '../data/document-text.ts';
import type { Document } from '../data/task.ts';
import type { DenseIndex } from '../retrieval/dense/dense.ts';
import type { EncoderSettings } from '../retrieval/dense/encoder-settings.ts';
import { type Encoder, EncodingError } from '../retrieval/dense/encoder.ts';
import { type VectorKind, checkVector } from '../retrieval/dense/quantize.ts';
import { readVectorFile, writeVectorFile } from '../retrieval/dense/vector-file.ts';
import type { IndexSource } from '../retrieval/bm25/index-file.ts';

/** Documents that are read, tokenised and sorted into batches at a time. */
const WINDOW = 512;

/** What the vectors of a file were made of. */
export interface VectorOrigin {
  /** SHA-256 of the ids and texts of the corpus, in the order of the ids. */
  readonly corpus: string;
  /** The encoder of documents and queries; of queries alone when the documents' vectors were imported. */
  readonly encoder: Pick<Encoder, 'dir' | 'fingerprint'> & { readonly settings: EncoderSettings };
  /** SHA-256 of the file of vectors that were computed elsewhere. */
  readonly imported?: string;
  /** The corpus file, when it was one. */
  readonly source?: IndexSource;
}

export interface EncodingProgress {
  readonly done: number;
  readonly total: number;
  readonly documentsPerSecond: number;
}

/** For people, such as `encoded 512 of 24576 documents, 48/s, 8 min left`. */
export function encodingLine({ done, total, documentsPerSecond }: EncodingProgress): string {
  const minutes = Math.ceil((total - done) / documentsPerSecond / 60);
  return `encoded ${done} of ${total} documents, ${Math.round(documentsPerSecond)}/s, ${minutes} min left`;
}

export interface VectorOptions {
  readonly kind?: VectorKind | undefined;
  /** JSON Lines (`_id`, `vector`) of documents' vectors that were computed elsewhere. */
  readonly importFile?: string | undefined;
  readonly source?: IndexSource;
  /** Awaited after each batch of documents. */
  readonly onProgress?: ((progress: EncodingProgress) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Documents in the order in which vectors are numbered. */
export function inIdOrder(documents: readonly Document[]): Document[] {
  return [...documents].sort((a, b) => compareCodePoints(a.id, b.id));
}

/** SHA-256 of the ids and texts of documents that are in the order of their ids. */
export function corpusHash(sorted: readonly Document[]): string {
  const hash = createHash('sha256');
  for (const document of sorted) hash.update(`${JSON.stringify([document.id, documentText(document)])}\n`);
  return hash.digest('hex');
}

/**
 * Encodes documents, which are in the order of their ids, into a file.
 *
 * @throws UserError when the encoder fails, or imported vectors do not fit the documents or the encoder.
 */
export async function makeVectors(
  path: string,
  sorted: readonly Document[],
  encoder: Encoder,
  { kind = 'float32', importFile, source, onProgress, signal }: VectorOptions = {},
): Promise<void> {
  const { dir, fingerprint, settings, dimensions } = encoder;
  const vectors =
    importFile === undefined
      ? encoded(sorted, encoder, onProgress, signal)
      : await imported(importFile, sorted, dimensions);
  await writeVectorFile<VectorOrigin>(path, {
    kind,
    dimensions,
    ids: sorted.map(({ id }) => id),
    vectors,
    origin: {
      corpus: corpusHash(sorted),
      encoder: { dir, fingerprint, settings },
      ...(importFile !== undefined && { imported: await sha256OfFile(importFile) }),
      ...(source && { source }),
    },
  });
}

async function* encoded(
  sorted: readonly Document[],
  encoder: Encoder,
  onProgress: VectorOptions['onProgress'],
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array> {
  const started = performance.now();
  for (let first = 0; first < sorted.length; first += WINDOW) {
    const texts = sorted.slice(first, first + WINDOW).map(documentText);
    const report = (done: number): void | Promise<void> => {
      const seconds = (performance.now() - started) / 1000;
      return onProgress?.({ done: first + done, total: sorted.length, documentsPerSecond: (first + done) / seconds });
    };
    const options = { onProgress: report, ...(signal && { signal }) };
    yield* await encoder.encode(texts, 'document', options).catch((error: unknown) => {
      if (!(error instanceof EncodingError)) throw error;
      const where = `documents ${first + 1} to ${first + texts.length}`;
      throw new UserError(`The encoder ${encoder.dir} fails on ${where}: ${error.message}`);
    });
  }
}

/** The vectors of a file in the order of the documents. */
async function imported(
  file: string,
  sorted: readonly Document[],
  dimensions: number,
): Promise<AsyncGenerator<Float32Array>> {
  const numbers = new Map(sorted.map(({ id }, number) => [id, number]));
  const values = new Float32Array(sorted.length * dimensions);
  for await (const { value: row, where } of readJsonLines(file)) {
    const id = idField(row, '_id', where);
    const number = numbers.get(id);
    if (number === undefined) {
      throw new UserError(`${where}: document "${id}" is not in the corpus or has a vector already.`);
    }
    numbers.delete(id);
    const vector = row['vector'];
    if (!Array.isArray(vector)) throw new UserError(`${where}: "vector" must be a list of numbers, got ${describe(vector)}.`); // prettier-ignore
    checkVector(vector as number[], dimensions, where);
    values.set(vector as number[], number * dimensions);
  }
  if (numbers.size > 0) {
    const missing = numbers.keys().next().value!;
    throw new UserError(`${file} lacks ${numbers.size} of ${sorted.length} documents, such as "${missing}".`);
  }
  return rowsOf(values, dimensions);
}

// eslint-disable-next-line @typescript-eslint/require-await -- a source of vectors, which others await
async function* rowsOf(values: Float32Array, dimensions: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < values.length; at += dimensions) yield values.subarray(at, at + dimensions);
}

/**
 * Loads vectors whose queries will be encoded by `encoder`.
 *
 * @throws UserError when they cannot be read, or were made with another encoder or other settings of it.
 */
export async function openVectors(path: string, encoder: Encoder): Promise<DenseIndex> {
  return readVectorFile<VectorOrigin>(path, ({ origin }) => {
    checkEncoder(origin, encoder, path);
  });
}

/** @throws UserError when vectors were made with another encoder, or other settings of it. */
export function checkEncoder({ encoder: made }: VectorOrigin, encoder: Encoder, path: string): void {
  if (made.fingerprint === encoder.fingerprint) return;
  throw new UserError(
    `${path} was made with the encoder ${made.dir} as it was then, and ${encoder.dir} with these settings is another; ` +
      `make it again with rec-r1 index --encoder ${encoder.dir}.`,
  );
}
