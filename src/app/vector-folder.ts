/** @file The vectors of a corpus beside its BM25 index, in the folder that `rec-r1 index` fills. */
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { readCorpus } from '../data/corpus.ts';
import { denseRetriever } from '../retrieval/dense/dense.ts';
import { type Device, type EncoderOptions, openEncoder } from '../retrieval/dense/encoder.ts';
import { readVectorFile } from '../retrieval/dense/vector-file.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { describeSource, hasChanged } from './index-corpus.ts';
import { type VectorOptions, type VectorOrigin, checkEncoder, inIdOrder, makeVectors } from './index-vectors.ts';

const VECTOR_FILE = 'dense.vectors';

export interface VectorSummary {
  readonly vectors: string;
  readonly documents: number;
  readonly dimensions: number;
  readonly sizeBytes: number;
  readonly documentsPerSecond: number;
}

/** Encodes a corpus file into the folder of its index, which is made when it is missing. */
export async function indexVectors(
  corpusFile: string,
  outDir: string,
  encoderOptions: EncoderOptions,
  options: Omit<VectorOptions, 'source'> = {},
): Promise<VectorSummary> {
  const encoder = await openEncoder(encoderOptions);
  try {
    const documents = inIdOrder(await readCorpus(corpusFile));
    await mkdir(outDir, { recursive: true });
    const file = join(outDir, VECTOR_FILE);
    const started = performance.now();
    await makeVectors(file, documents, encoder, { ...options, source: await describeSource(corpusFile) });
    const seconds = (performance.now() - started) / 1000;
    return {
      vectors: resolve(file),
      documents: documents.length,
      dimensions: encoder.dimensions,
      sizeBytes: (await stat(file)).size,
      documentsPerSecond: documents.length / seconds,
    };
  } finally {
    await encoder.dispose();
  }
}

/**
 * Opens the vectors of a folder as a recommender, with the encoder and the settings that made them.
 *
 * @param options.encoder where the encoder's folder is now, when it has moved.
 * @throws UserError when the vectors cannot be read, their corpus has changed, or the encoder is another one.
 */
export async function openVectorFolder(
  dir: string,
  { encoder: moved, device }: { readonly encoder?: string | undefined; readonly device?: Device | undefined } = {},
): Promise<Retriever> {
  const path = join(dir, VECTOR_FILE);
  const index = await readVectorFile<VectorOrigin>(path);
  const { encoder: made, source } = index.origin;
  if (source && (await hasChanged(source))) {
    throw new UserError(
      `${source.path} has changed since the vectors in ${dir} were made; make them again with rec-r1 index --encoder DIR.`,
    );
  }
  const encoder = await openEncoder({ ...made.settings, dir: moved ?? made.dir, device });
  checkEncoder(index.origin, encoder, path);
  return denseRetriever(index, encoder);
}
