/**
 * @file The canonical task folder, written: whole or not at all, and everything in it that a task can have but its documents,
 * which are written as they come.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { writeLines } from '../base/write-lines.ts';
import { CANDIDATES_FILE } from '../data/candidates.ts';
import { PROMPT_FILE } from '../data/prompt-template.ts';
import { type Document, type Example, SPLITS, type Task } from '../data/task.ts';

/**
 * Makes the folder `out` of what `fill` writes to a folder beside it, which is then renamed: a failure leaves nothing behind.
 * When `interrupt` fires, that folder is removed at once, and the caller is to end the process.
 *
 * @throws UserError when `out` already holds something.
 */
export async function writeFolder<T>(
  out: string,
  fill: (dir: string) => Promise<T>,
  interrupt?: AbortSignal,
): Promise<T> {
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
    const result = await fill(partial);
    await rm(target, { recursive: true, force: true }); // at most an empty folder
    await rename(partial, target);
    return result;
  } catch (error) {
    remove();
    throw error;
  } finally {
    interrupt?.removeEventListener('abort', remove);
  }
}

/** A row of `corpus.jsonl`. */
export function corpusRow({ id, title, text, category }: Document): string {
  return JSON.stringify({ _id: id, title, text, category });
}

/** Writes `queries.jsonl`, `qrels/{train,validation,test}.tsv`, and where there are any `candidates.jsonl` and `prompt.json`. */
export async function writeExamples(dir: string, splits: Task['examples']): Promise<void> {
  const examples = SPLITS.flatMap((split) => splits[split]);
  await writeRows(
    join(dir, 'queries.jsonl'),
    examples.map(({ id, query, history, custom }) => ({ ...custom?.fields, _id: id, text: query, history })),
  );
  await mkdir(join(dir, 'qrels'));
  for (const split of SPLITS) {
    await writeLines(join(dir, 'qrels', `${split}.tsv`), async (write) => {
      await write('query-id\tcorpus-id\tscore');
      for (const example of splits[split]) for (const row of judgmentRows(example)) await write(row);
    });
  }
  const pools = examples.flatMap(({ id, candidates }) =>
    candidates ? [{ _id: id, candidates: candidates.map((candidate) => candidate.id) }] : [],
  );
  if (pools.length > 0) await writeRows(join(dir, CANDIDATES_FILE), pools);
  const template = examples.find(({ custom }) => custom)?.custom?.template;
  if (template) await writeRows(join(dir, PROMPT_FILE), [template]);
}

async function writeRows(file: string, rows: readonly object[]): Promise<void> {
  await writeLines(file, async (write) => {
    for (const row of rows) await write(JSON.stringify(row));
  });
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
