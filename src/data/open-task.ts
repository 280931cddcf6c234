/** @file Opens a folder as a task, whatever layout it has. A new layout is one more file beside this and one case here. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { type ExamplesWithNotes, isBeir, readBeir } from './beir.ts';
import { readCorpus } from './corpus.ts';
import { isSequences, readSequences } from './sequences.ts';
import { type Document, SPLITS, type Task } from './task.ts';

export const TASK_FORMATS = ['beir', 'sequences'] as const;
export type TaskFormat = (typeof TASK_FORMATS)[number];

/**
 * Reads a task: `corpus.jsonl` (or `.jsonl.gz`) with either `queries.jsonl` and judgments, or `sequences/`.
 *
 * The format is found out when none is named. Whatever was split, filled or left out is said in the task's notes.
 */
export async function openTask(dir: string, format: TaskFormat = formatOf(dir)): Promise<Task> {
  const documents = await readCorpus(corpusFile(dir));
  const { examples, notes } = await readExamples(dir, format, documents);
  const isSequence = SPLITS.some((split) => examples[split].some(({ history }) => history !== undefined));
  return {
    name: basename(resolve(dir)),
    dir: resolve(dir),
    kind: isSequence ? 'sequence' : 'search',
    documents,
    examples,
    notes,
  };
}

/** The layout of a folder. */
export function formatOf(dir: string): TaskFormat {
  if (!existsSync(dir)) throw new UserError(`The task folder ${dir} does not exist; check the path.`);
  if (!statSync(dir).isDirectory())
    throw new UserError(`${dir} is a file; a task is a folder with corpus.jsonl in it.`);
  if (isBeir(dir)) return 'beir';
  if (isSequences(dir)) return 'sequences';
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

function readExamples(dir: string, format: TaskFormat, documents: readonly Document[]): Promise<ExamplesWithNotes> {
  switch (format) {
    case 'beir':
      return readBeir(dir, documents);
    case 'sequences':
      return readSequences(dir, documents);
    default:
      return format satisfies never;
  }
}
