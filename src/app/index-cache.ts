/**
 * @file Every training, evaluation and scoring of a task needs the same index, so the index of a corpus that takes long to
 * count is kept in a file, named by what was counted and how: another corpus or another analysis is another file.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../base/cache-folder.ts';
import { messageOf } from '../base/errors.ts';
import type { Document, Task } from '../data/task.ts';
import { ANALYZER } from '../retrieval/analysis/analyzer.ts';
import { INDEX_VERSION, readIndexFile, writeIndexFile } from '../retrieval/bm25/index-file.ts';
import { type CountOptions, countPostings, type Postings } from '../retrieval/bm25/postings.ts';

/** Characters below which counting is not worth a file: about 0.2 seconds. */
const MIN_CHARACTERS = 2_000_000;
/** Indexes as old as this are deleted when another is kept; one that is still used is then built again. */
const MAX_AGE_MILLIS = 60 * 24 * 3600 * 1000;

export interface IndexCacheOptions extends CountOptions {
  readonly folder?: string;
  readonly minCharacters?: number;
  /** Told what went wrong with the cache, in one sentence; the index is right all the same. */
  readonly note?: (sentence: string) => void;
}

/** The counted corpus of a task: from the cache, or counted now and kept there. */
export async function openPostings(
  { documents, dir }: Pick<Task, 'documents' | 'dir'>,
  options: IndexCacheOptions = {},
): Promise<Postings> {
  const { minCharacters = MIN_CHARACTERS, positions = false, note = warn } = options;
  const characters = documents.reduce((sum, { title, text }) => sum + title.length + text.length, 0);
  if (characters < minCharacters) return countPostings(documents, { positions });
  const { folder = join(cacheFolder(), 'indexes') } = options;
  const sha256 = contentOf(documents);
  const name = `${ANALYZER}-${INDEX_VERSION}${positions ? '-positions' : ''}-${sha256}.idx`;
  const file = join(folder, name);
  const kept = await readKept(file, note);
  if (kept) return kept;
  const postings = countPostings(documents, { positions });
  try {
    await mkdir(folder, { recursive: true });
    await writeIndexFile(file, postings, { path: dir, sizeBytes: characters, modifiedMillis: 0, sha256 });
    await deleteOld(folder);
  } catch (error) {
    note(`The index of ${dir} cannot be kept in ${folder} and will be built again next time: ${messageOf(error)}.`);
  }
  return postings;
}

function warn(sentence: string): void {
  process.emitWarning(sentence);
}

/** Of ids, titles and texts in their order, in hexadecimal. */
function contentOf(documents: readonly Document[]): string {
  const hash = createHash('sha256');
  for (const { id, title, text } of documents) hash.update(JSON.stringify([id, title, text]));
  return hash.digest('hex');
}

async function readKept(file: string, note: (sentence: string) => void): Promise<Postings | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return (await readIndexFile(file)).postings;
  } catch (error) {
    note(`The index kept for this corpus is built anew, because: ${messageOf(error)}`);
    return undefined;
  }
}

async function deleteOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    if (name.endsWith('.idx') && Date.now() - (await stat(file)).mtimeMs > MAX_AGE_MILLIS) await rm(file);
  }
}
