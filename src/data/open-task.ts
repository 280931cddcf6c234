/** @file Opens a folder as a task, whatever layout it has. A new layout is one more file beside this and one row here. */
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { AmazonC4Reader, isAmazonC4 } from './amazon-c4.ts';
import { AmazonReviewsReader, isAmazonReviews, type ReviewOptions } from './amazon-reviews.ts';
import { beirReader, isBeir } from './beir.ts';
import { isReranking, RerankReader } from './candidates.ts';
import { EsciReader, type EsciOptions, isEsci } from './esci.ts';
import { isQueries, queriesReader } from './queries.ts';
import { isSequences, SequencesReader } from './sequences.ts';
import { isTable, tableReader, type TableOptions } from './table.ts';
import { type ReadTask, readTask, type TaskReader } from './task-reader.ts';
import type { Document, Task } from './task.ts';
import { isTrec, trecReader } from './trec.ts';

interface Layout {
  /** One line for the help: the files. */
  readonly files: string;
  /** The options that mean something to it. */
  readonly options: readonly (keyof LayoutOptions)[];
  isIn(dir: string): boolean;
  open(dir: string, options: LayoutOptions): TaskReader;
}

/** What each layout may be told; see its file. */
export interface LayoutOptions extends TableOptions, EsciOptions, ReviewOptions {}

/** In the order in which they are looked for. */
export const LAYOUTS = {
  rerank: {
    files: 'corpus.jsonl, queries.jsonl, qrels and candidates.jsonl with _id and candidates (ids)',
    options: [],
    isIn: isReranking,
    open: (dir) => new RerankReader(dir),
  },
  beir: {
    files: 'corpus.jsonl (also .gz), queries.jsonl, and qrels.tsv or qrels/{train,validation,test}.tsv',
    options: [],
    isIn: isBeir,
    open: beirReader,
  },
  sequences: {
    files: 'corpus.jsonl and sequences/*.jsonl with user_id, history and target',
    options: [],
    isIn: isSequences,
    open: (dir) => new SequencesReader(dir),
  },
  table: {
    files: 'documents and judgments, each .csv, .tsv, .jsonl or .parquet',
    options: ['columns', 'grades'],
    isIn: isTable,
    open: tableReader,
  },
  esci: {
    files: 'shopping_queries_dataset_examples.parquet and …_products.parquet',
    options: ['locale', 'grades', 'size'],
    isIn: isEsci,
    open: (dir, options) => new EsciReader(dir, options),
  },
  'amazon-c4': {
    files: 'sampled_item_metadata_1M.jsonl (also .gz) and test.csv, or queries/*.jsonl',
    options: [],
    isIn: isAmazonC4,
    open: (dir) => new AmazonC4Reader(dir),
  },
  'amazon-reviews': {
    files: 'meta_DOMAIN.jsonl and DOMAIN.jsonl (also .gz) of Amazon Reviews 2023',
    options: ['setting', 'minHistory'],
    isIn: isAmazonReviews,
    open: (dir, options) => new AmazonReviewsReader(dir, options),
  },
  queries: {
    files: 'corpus.jsonl and queries/*.jsonl with _id, text and relevant (ids)',
    options: [],
    isIn: isQueries,
    open: queriesReader,
  },
  trec: {
    files: 'documents* (SGML), topics* and qrels*',
    options: [],
    isIn: isTrec,
    open: trecReader,
  },
} as const satisfies Record<string, Layout>;

export type TaskFormat = keyof typeof LAYOUTS;
export const TASK_FORMATS = Object.keys(LAYOUTS) as readonly TaskFormat[];

export interface OpenOptions extends LayoutOptions {
  /** Found out when it is not named. */
  readonly format?: TaskFormat;
}

/** Reads a task into memory. Whatever was split, filled or left out is said in the task's notes. */
export async function openTask(dir: string, options: OpenOptions = {}): Promise<Task> {
  const documents: Document[] = [];
  const { kind, examples, notes } = await streamTask(dir, options, (document) => {
    documents.push(document);
    return undefined;
  });
  return { name: basename(resolve(dir)), dir: resolve(dir), kind, documents, examples, notes };
}

/** Reads a task whose documents are handed to `take` one by one, and not kept. */
export async function streamTask(
  dir: string,
  { format, ...options }: OpenOptions,
  take: (document: Document) => Promise<void> | undefined,
): Promise<ReadTask> {
  const name = format ?? formatOf(dir);
  const layout: Layout = LAYOUTS[name];
  const foreign = Object.keys(options).find((key) => !layout.options.some((known) => known === key));
  if (foreign !== undefined) {
    throw new UserError(`${dir} is read as ${name}, to which ${foreign} means nothing; leave it out.`);
  }
  return readTask(layout.open(dir, options), dir, take);
}

/** The layout of a folder. */
export function formatOf(dir: string): TaskFormat {
  if (!existsSync(dir)) throw new UserError(`The task folder ${dir} does not exist; check the path.`);
  if (!statSync(dir).isDirectory())
    throw new UserError(`${dir} is a file; a task is a folder with corpus.jsonl in it.`);
  const found = TASK_FORMATS.find((name) => LAYOUTS[name].isIn(dir));
  if (found) return found;
  throw new UserError(
    `${dir} is no task that can be read; beside corpus.jsonl it needs queries.jsonl and qrels, or a folder sequences.`,
  );
}
