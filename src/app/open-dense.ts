/**
 * @file Dense retrieval for a task: opens the encoder, and encodes the documents unless a file of the cache has their vectors.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sha256OfFile } from '../base/file-hash.ts';
import type { Document } from '../data/task.ts';
import { denseRetriever } from '../retrieval/dense/dense.ts';
import { type Encoder, type EncoderOptions, openEncoder } from '../retrieval/dense/encoder.ts';
import type { VectorKind } from '../retrieval/dense/quantize.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { type EncodingProgress, corpusHash, inIdOrder, makeVectors, openVectors } from './index-vectors.ts';

/** A dense recommender as a configuration names it. */
export interface DenseSpec extends Omit<EncoderOptions, 'dir'> {
  readonly kind: 'dense';
  /** The folder of the encoder: config.json, tokenizer.json, onnx/model.onnx. */
  readonly encoder: string;
  /** How documents' vectors are kept: float32 unless given. int8 takes a quarter of the memory and of the time. */
  readonly vectors?: VectorKind;
  /** JSON Lines (`_id`, `vector`) of documents' vectors that were computed elsewhere; queries are still encoded here. */
  readonly documentVectors?: string;
}

export interface OpenDenseOptions {
  /** Where vectors are kept from one run to the next. */
  readonly cacheDir?: string;
  /** Called while documents are encoded, which happens once per corpus and encoder. */
  readonly onProgress?: (progress: EncodingProgress) => void;
  readonly signal?: AbortSignal;
}

/** The user's cache folder, by the customs of the system. */
export function vectorCacheDir(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: windows } = environment;
  const caches = process.platform === 'win32' ? windows : xdg;
  return join(caches ?? join(homedir(), '.cache'), 'rec-r1', 'vectors');
}

/**
 * Opens the recommender over the documents of a task. Their vectors are computed on the first call and read on later ones.
 *
 * @throws UserError when the encoder cannot be opened, or when its vectors cannot be read or made.
 */
export async function openDense(
  documents: readonly Document[],
  { encoder: dir, vectors = 'float32', documentVectors, ...options }: DenseSpec,
  { cacheDir = vectorCacheDir(), onProgress, signal }: OpenDenseOptions = {},
): Promise<Retriever> {
  const encoder = await openEncoder({ ...options, dir });
  const sorted = inIdOrder(documents);
  const imported = documentVectors === undefined ? '' : await sha256OfFile(documentVectors);
  const file = join(cacheDir, cacheName(encoder, vectors, [corpusHash(sorted), imported]));
  if (!existsSync(file)) {
    await mkdir(cacheDir, { recursive: true });
    await makeVectors(file, sorted, encoder, {
      kind: vectors,
      ...(documentVectors !== undefined && { importFile: documentVectors }),
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    });
  }
  return denseRetriever(await openVectors(file, encoder), encoder);
}

/** A name of its own for every corpus, encoder, and way to use it: what has changed is made anew and never mistaken. */
function cacheName({ name, fingerprint }: Encoder, kind: VectorKind, contents: readonly string[]): string {
  const key = createHash('sha256')
    .update([fingerprint, ...contents].join(' '))
    .digest('hex');
  return `${name}-${kind}-${key.slice(0, 16)}.vectors`;
}
