/**
 * @file Dense retrieval for a task: opens the encoder, and encodes the documents unless a file of the cache has their vectors.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../base/cache-folder.ts';
import { CACHE_FOLDER } from '../base/environment.ts';
import { UserError, messageOf } from '../base/errors.ts';
import { sha256OfFile } from '../base/file-hash.ts';
import type { Document } from '../data/task.ts';
import { type DenseIndex, denseRetriever } from '../retrieval/dense/dense.ts';
import { type Encoder, openEncoder } from '../retrieval/dense/encoder.ts';
import type { VectorKind } from '../retrieval/dense/quantize.ts';
import { VECTOR_VERSION, VectorFileError } from '../retrieval/dense/vector-file.ts';
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

/**
 * Opens the recommender over the documents of a task. Their vectors are computed on the first call and read on later ones;
 * they are kept until somebody deletes them, for they may have taken hours.
 *
 * @throws UserError when the encoder cannot be opened or fails, or when vectors cannot be imported or kept.
 */
export async function openDense(
  documents: readonly Document[],
  spec: DenseSpec,
  { cacheDir = join(cacheFolder(), 'vectors'), ...options }: OpenDenseOptions = {},
): Promise<Retriever> {
  const encoder = await openEncoder({ ...spec, dir: spec.encoder });
  try {
    const kind = spec.vectors ?? 'float32';
    const sorted = inIdOrder(documents);
    const imported = spec.documentVectors === undefined ? '' : await sha256OfFile(spec.documentVectors);
    const file = join(cacheDir, cacheName(encoder, kind, [corpusHash(sorted), imported]));
    let index = await readKept(file, encoder);
    if (!index) {
      await keeping(cacheDir, async () => {
        await mkdir(cacheDir, { recursive: true });
        await makeVectors(file, sorted, encoder, { kind, importFile: spec.documentVectors, ...options });
      });
      index = await openVectors(file, encoder);
    }
    return denseRetriever(index, encoder);
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
}

async function readKept(file: string, encoder: Encoder): Promise<DenseIndex | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return await openVectors(file, encoder);
  } catch (error) {
    if (!(error instanceof VectorFileError)) throw error;
    process.emitWarning(`The vectors kept for this corpus are made anew, because: ${error.message}`);
    return undefined;
  }
}

/** Says what to do when a folder cannot be written. */
async function keeping(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EEXIST', 'ENOTDIR'].includes(code)) throw error;
    throw new UserError(
      `Vectors cannot be kept in ${folder} (${messageOf(error)}); name another folder in the environment as ${CACHE_FOLDER}.`,
    );
  }
}

/** A name of its own for every corpus, encoder, and way to use it: what has changed is made anew and never mistaken. */
function cacheName({ name, fingerprint }: Encoder, kind: VectorKind, contents: readonly string[]): string {
  const key = createHash('sha256')
    .update([VECTOR_VERSION, fingerprint, ...contents].join(' '))
    .digest('hex');
  return `${name}-${kind}-${key.slice(0, 16)}.vectors`;
}
