/** @file Turns a data set of any known layout into the canonical task folder, as a stream, whole or not at all. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { writeLines } from '../base/write-lines.ts';
import { type OpenOptions, streamTask } from '../data/open-task.ts';
import type { ReadTask } from '../data/task-reader.ts';
import { type Example, SPLITS, type Split, type Task } from '../data/task.ts';

export interface ImportSummary {
  readonly task: string;
  readonly kind: Task['kind'];
  readonly documents: number;
  readonly examples: Readonly<Record<Split, number>>;
  readonly notes: readonly string[];
}

/**
 * Reads the data set in `from` and writes `corpus.jsonl`, `queries.jsonl` and `qrels/{train,validation,test}.tsv` to `out`.
 *
 * The files are written to a folder beside, which is then renamed: a failure leaves nothing behind. When `interrupt` fires,
 * that folder is removed at once, and the caller is to end the process.
 *
 * @throws UserError when `out` already holds something, or for whatever is wrong with the data.
 */
export async function importTask(
  from: string,
  out: string,
  options: OpenOptions = {},
  interrupt?: AbortSignal,
): Promise<ImportSummary> {
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new UserError(`${out} is not empty; give --out a new folder, or remove it first.`);
  }
  const target = resolve(out);
  await mkdir(dirname(target), { recursive: true });
  // Between making the folder and listening nothing may be awaited: an interruption there would leave it behind.
  const partial = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  const remove = (): void => {
    rmSync(partial, { recursive: true, force: true });
  };
  interrupt?.addEventListener('abort', remove);
  try {
    const task = await writeTask(from, options, partial);
    await rm(target, { recursive: true, force: true }); // at most an empty folder
    await rename(partial, target);
    return summaryOf(target, task);
  } catch (error) {
    remove();
    throw error;
  } finally {
    interrupt?.removeEventListener('abort', remove);
  }
}

function summaryOf(target: string, { kind, documents, examples, notes }: ReadTask): ImportSummary {
  const counts = SPLITS.map((split) => [split, examples[split].length] as const);
  return { task: target, kind, documents, examples: Object.fromEntries(counts) as Record<Split, number>, notes };
}

async function writeTask(from: string, options: OpenOptions, dir: string): Promise<ReadTask> {
  const task = await writeLines(join(dir, 'corpus.jsonl'), (write) =>
    streamTask(from, options, ({ id, title, text }) => write(JSON.stringify({ _id: id, title, text }))),
  );
  const { examples } = task;
  await writeLines(join(dir, 'queries.jsonl'), async (write) => {
    for (const { id, query, history } of SPLITS.flatMap((split) => examples[split])) {
      await write(JSON.stringify({ _id: id, text: query, ...(history && { history }) }));
    }
  });
  await mkdir(join(dir, 'qrels'));
  for (const split of SPLITS) {
    await writeLines(join(dir, 'qrels', `${split}.tsv`), async (write) => {
      await write('query-id\tcorpus-id\tscore');
      for (const example of examples[split]) for (const row of judgmentRows(example)) await write(row);
    });
  }
  return task;
}

function judgmentRows({ id, relevant, irrelevant = [] }: Example): string[] {
  const judged = [...relevant, ...irrelevant.map((document) => [document, 0] as const)];
  return judged.map(([document, grade]) => {
    const odd = [id, document].find((text) => /[\t\r\n]/.test(text));
    if (odd !== undefined)
      throw new UserError(`The id ${JSON.stringify(odd)} has a tab or line break, which qrels cannot hold; rename it.`);
    return `${id}\t${document}\t${grade}`;
  });
}
