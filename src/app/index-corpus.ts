/** @file Builds and opens search indexes: a folder with one file, tied to the corpus that it was made of. */
import { statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { sha256OfFile } from '../base/file-hash.ts';
import { readDocuments } from '../data/corpus.ts';
import { takeDocuments } from '../data/task-reader.ts';
import { type Bm25Index, type Bm25Params, bm25Index } from '../retrieval/bm25/bm25.ts';
import { type IndexSource, readIndexFile, writeIndexFile } from '../retrieval/bm25/index-file.ts';
import { type CountOptions, PostingsCounter } from '../retrieval/bm25/postings.ts';

const INDEX_FILE = 'bm25.idx';

export interface IndexSummary {
  readonly index: string;
  readonly documents: number;
  readonly terms: number;
  readonly postings: number;
  readonly sizeBytes: number;
  /** Reading and counting. */
  readonly documentsPerSecond: number;
}

/** Indexes a corpus file into a folder, which is made when it is missing. Of its texts none is kept in memory. */
export async function indexCorpus(
  corpusFile: string,
  outDir: string,
  options: CountOptions = {},
): Promise<IndexSummary> {
  const started = performance.now();
  const counter = new PostingsCounter(options);
  await takeDocuments({ documents: () => readDocuments(corpusFile) }, corpusFile, (document) => {
    counter.add(document);
    return undefined;
  });
  const postings = counter.finish();
  const seconds = (performance.now() - started) / 1000;
  const source = await describeSource(corpusFile);
  await mkdir(outDir, { recursive: true });
  const file = join(outDir, INDEX_FILE);
  await writeIndexFile(file, postings, source);
  const documents = postings.ids.length;
  return {
    index: resolve(outDir),
    documents,
    terms: postings.terms.size,
    postings: postings.documents.length,
    sizeBytes: (await stat(file)).size,
    documentsPerSecond: documents / seconds,
  };
}

/**
 * Loads an index.
 *
 * @throws UserError when it cannot be read, or when its corpus has other content now. A corpus that is gone is no error: the
 * index is complete without it.
 */
export async function openIndex(dir: string, params?: Bm25Params): Promise<Bm25Index> {
  const { postings, source } = await readIndexFile(join(dir, INDEX_FILE));
  if (await hasChanged(source)) {
    throw new UserError(
      `${source.path} has changed since the index in ${dir} was built; build it again with rec-r1 index.`,
    );
  }
  return bm25Index(postings, params);
}

/** What a corpus file is now, for an index to be tied to. */
export async function describeSource(file: string): Promise<IndexSource> {
  const { size, mtimeMs } = await stat(file);
  return { path: resolve(file), sizeBytes: size, modifiedMillis: mtimeMs, sha256: await sha256OfFile(file) };
}

/** Whether a corpus file has other content than when it was described. One that is gone has not changed. */
export async function hasChanged(source: IndexSource): Promise<boolean> {
  const now = statSync(source.path, { throwIfNoEntry: false });
  if (!now || (now.size === source.sizeBytes && now.mtimeMs === source.modifiedMillis)) return false;
  return now.size !== source.sizeBytes || (await sha256OfFile(source.path)) !== source.sha256;
}
