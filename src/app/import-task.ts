/** @file Turns a data set of any known layout into the canonical task folder, whole or not at all. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { type OpenOptions, openTask } from '../data/open-task.ts';
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
 * The files are written to a folder beside, which is then renamed: a failure leaves nothing behind.
 *
 * @throws UserError when `out` already holds something, or for whatever is wrong with the data.
 */
export async function importTask(from: string, out: string, options?: OpenOptions): Promise<ImportSummary> {
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new UserError(`${out} is not empty; give --out a new folder, or remove it first.`);
  }
  const task = await openTask(from, options);
  const target = resolve(out);
  await mkdir(dirname(target), { recursive: true });
  const partial = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    await writeTask(task, partial);
    await rm(target, { recursive: true, force: true }); // at most an empty folder
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  const { kind, documents, examples, notes } = task;
  const counts = SPLITS.map((split) => [split, examples[split].length] as const);
  return {
    task: target,
    kind,
    documents: documents.length,
    examples: Object.fromEntries(counts) as Record<Split, number>,
    notes,
  };
}

async function writeTask({ documents, examples }: Task, dir: string): Promise<void> {
  const corpus = documents.map(({ id, title, text }) => JSON.stringify({ _id: id, title, text }));
  const queries = SPLITS.flatMap((split) => examples[split]).map(({ id, query, history }) =>
    JSON.stringify({ _id: id, text: query, ...(history && { history }) }),
  );
  await writeFile(join(dir, 'corpus.jsonl'), asLines(corpus));
  await writeFile(join(dir, 'queries.jsonl'), asLines(queries));
  await mkdir(join(dir, 'qrels'));
  for (const split of SPLITS) {
    const rows = examples[split].flatMap(judgmentRows);
    await writeFile(join(dir, 'qrels', `${split}.tsv`), asLines(['query-id\tcorpus-id\tscore', ...rows]));
  }
}

function judgmentRows({ id, relevant }: Example): string[] {
  return Array.from(relevant, ([document, grade]) => {
    const odd = [id, document].find((text) => /[\t\r\n]/.test(text));
    if (odd !== undefined)
      throw new UserError(`The id ${JSON.stringify(odd)} has a tab or line break, which qrels cannot hold; rename it.`);
    return `${id}\t${document}\t${grade}`;
  });
}

function asLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
