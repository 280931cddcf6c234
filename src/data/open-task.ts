/** @file Opens a folder as a task, whatever layout it has. A new layout is one more file beside this and one case here. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { isBeir, readBeir } from './beir.ts';
import { readCorpus } from './corpus.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { isSequences, readSequences } from './sequences.ts';
import { type TableOptions, isTable, readTableDocuments, readTableExamples } from './table.ts';
import { type Document, SPLITS, type Task } from './task.ts';
import { isTrec, readTrec, readTrecDocuments } from './trec.ts';

export const TASK_FORMATS = ['beir', 'sequences', 'trec', 'table'] as const;
export type TaskFormat = (typeof TASK_FORMATS)[number];

export interface OpenOptions extends TableOptions {
  /** Found out when it is not named. */
  readonly format?: TaskFormat;
}

/**
 * Reads a task: `corpus.jsonl` (or `.jsonl.gz`) with either `queries.jsonl` and judgments, or `sequences/`; a TREC
 * collection; or tables.
 *
 * Whatever was split, filled or left out is said in the task's notes.
 */
export async function openTask(dir: string, options: OpenOptions = {}): Promise<Task> {
  const format = options.format ?? formatOf(dir);
  const documents = await readDocuments(dir, format, options);
  const { examples, notes } = await readExamples(dir, format, documents, options);
  const isSequence = SPLITS.some((split) => examples[split].some(({ history }) => history !== undefined));
  const untrained =
    examples.train.length === 0 ? ['There is nothing to train on: this task can only be evaluated.'] : [];
  return {
    name: basename(resolve(dir)),
    dir: resolve(dir),
    kind: isSequence ? 'sequence' : 'search',
    documents,
    examples,
    notes: [...notes, ...untrained],
  };
}

/** The layout of a folder. */
export function formatOf(dir: string): TaskFormat {
  if (!existsSync(dir)) throw new UserError(`The task folder ${dir} does not exist; check the path.`);
  if (!statSync(dir).isDirectory())
    throw new UserError(`${dir} is a file; a task is a folder with corpus.jsonl in it.`);
  if (isBeir(dir)) return 'beir';
  if (isSequences(dir)) return 'sequences';
  if (isTable(dir)) return 'table';
  if (isTrec(dir)) return 'trec';
  throw new UserError(
    `${dir} is no task that can be read; beside corpus.jsonl it needs queries.jsonl and qrels, or a folder sequences.`,
  );
}

function corpusFile(dir: string): string {
  const files = ['corpus.jsonl', 'corpus.jsonl.gz'].map((name) => join(dir, name));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new UserError(`${dir} has no corpus.jsonl (or corpus.jsonl.gz); put the documents there.`);
  return found;
}

function readDocuments(dir: string, format: TaskFormat, options: OpenOptions): Promise<Document[]> {
  if (format === 'trec') return readTrecDocuments(dir);
  return format === 'table' ? readTableDocuments(dir, options) : readCorpus(corpusFile(dir));
}

function readExamples(
  dir: string,
  format: TaskFormat,
  documents: readonly Document[],
  options: OpenOptions,
): Promise<ExamplesWithNotes> {
  switch (format) {
    case 'beir':
      return readBeir(dir, documents);
    case 'sequences':
      return readSequences(dir, documents);
    case 'trec':
      return readTrec(dir, documents);
    case 'table':
      return readTableExamples(dir, documents, options);
    default:
      return format satisfies never;
  }
}
