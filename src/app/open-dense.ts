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
import { type Encoder, openEncoder } from '../retrieval/dense/encoder.ts';
import type { VectorKind } from '../retrieval/dense/quantize.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { DenseSpec } from './dense-spec.ts';
import { type VectorOptions, corpusHash, inIdOrder, makeVectors, openVectors } from './index-vectors.ts';

export interface OpenDenseOptions {
  /** Where vectors are kept from one run to the next. */
  readonly cacheDir?: string;
  /** Awaited while documents are encoded, which happens once per corpus and encoder. */
  readonly onProgress?: VectorOptions['onProgress'];
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
      importFile: documentVectors,
      onProgress,
      signal,
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
