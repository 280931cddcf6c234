/** @file Turns a data set of any known layout into the canonical task folder, as a stream. */
import { join, resolve } from 'node:path';
import { writeLines } from '../base/write-lines.ts';
import { type OpenOptions, streamTask } from '../data/open-task.ts';
import type { ReadTask } from '../data/task-reader.ts';
import { SPLITS, type Split, type Task } from '../data/task.ts';
import { corpusRow, writeExamples, writeFolder } from './task-folder.ts';

export interface ImportSummary {
  readonly task: string;
  readonly kind: Task['kind'];
  readonly documents: number;
  readonly examples: Readonly<Record<Split, number>>;
  readonly notes: readonly string[];
}

/**
 * Reads the data set in `from` and writes `corpus.jsonl`, `queries.jsonl` and `qrels/{train,validation,test}.tsv` to `out`,
 * and what else the task has. See `writeFolder` for what a failure or an interruption leaves behind.
 *
 * @throws UserError when `out` already holds something, or for whatever is wrong with the data.
 */
export async function importTask(
  from: string,
  out: string,
  options: OpenOptions = {},
  interrupt?: AbortSignal,
): Promise<ImportSummary> {
  const task = await writeFolder(out, (dir) => writeTask(from, options, dir), interrupt);
  return summaryOf(out, task);
}

/** What an imported or made task holds. */
export function summaryOf(out: string, { kind, documents, examples, notes }: ReadTask): ImportSummary {
  const counts = SPLITS.map((split) => [split, examples[split].length] as const);
  return { task: resolve(out), kind, documents, examples: Object.fromEntries(counts) as Record<Split, number>, notes };
}

async function writeTask(from: string, options: OpenOptions, dir: string): Promise<ReadTask> {
  const task = await writeLines(join(dir, 'corpus.jsonl'), (write) =>
    streamTask(from, options, (document) => write(corpusRow(document))),
  );
  await writeExamples(dir, task.examples);
  return task;
}
