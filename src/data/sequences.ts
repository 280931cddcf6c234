/**
 * @file Purchase histories: `sequences/*.jsonl` with rows of `user_id`, `history` (ids, oldest first) and `target` (the id
 * bought next). The file's name says the split: it holds `train`, `val` or `test`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { type Splits, emptySplits, shareOf } from './split.ts';
import type { Document, Example, Split } from './task.ts';

/** How many items of a history are shown, as in the paper: the newest. */
const SHOWN_ITEMS = 10;

/** Between a user and the number of their sequence, from the second on. */
const REPEAT_MARK = '#';

/** The user whose sequence an example is. */
export function userOf(exampleId: string): string {
  return exampleId.replace(/#\d+$/, '');
}

interface Sequence {
  readonly id: string;
  readonly history: readonly string[];
  readonly target: string;
}

/** Whether a folder holds this layout. */
export function isSequences(dir: string): boolean {
  return existsSync(join(dir, 'sequences'));
}

/** Examples whose target and at least one item of the history are in the corpus; notes say how many are not. */
export async function readSequences(dir: string, documents: readonly Document[]): Promise<ExamplesWithNotes> {
  const titles = new Map(documents.map(({ id, title, text }) => [id, title || text]));
  const examples = emptySplits();
  const notes: string[] = [];
  const uses = new Map<string, number>();
  for (const { file, split } of sequenceFiles(join(dir, 'sequences'))) {
    const sequences = await readFile(file, uses);
    const withTarget = sequences.filter(({ target }) => titles.has(target));
    const usable = withTarget.filter(({ history }) => history.some((id) => titles.has(id)));
    examples[split].push(...usable.map((sequence) => exampleOf(sequence, titles)));
    notes.push(...leftOut(basename(file), sequences.length, withTarget.length, usable.length));
  }
  notes.push(...fillTrain(examples));
  return { examples, notes };
}

function sequenceFiles(dir: string): { file: string; split: Split }[] {
  const files = readdirSync(dir)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort();
  if (files.length === 0) throw new UserError(`${dir} holds no .jsonl file; put histories and targets there.`);
  return files.map((name) => ({ file: join(dir, name), split: splitOfName(name, dir) }));
}

function splitOfName(name: string, dir: string): Split {
  if (name.includes('train')) return 'train';
  if (name.includes('test')) return 'test';
  if (name.includes('val') || name.includes('dev')) return 'validation';
  throw new UserError(`${join(dir, name)}: the name must say the split; put train, val or test in it.`);
}

/** `uses` counts each user's sequences over all files, for a user may have several. */
async function readFile(file: string, uses: Map<string, number>): Promise<Sequence[]> {
  const sequences: Sequence[] = [];
  for await (const { value: row, where } of readJsonLines(file)) {
    const user = idField(row, 'user_id', where);
    const use = (uses.get(user) ?? 0) + 1;
    uses.set(user, use);
    sequences.push({
      id: use === 1 ? user : `${user}${REPEAT_MARK}${use}`,
      history: idListField(row, 'history', where),
      target: idField(row, 'target', where),
    });
  }
  return sequences;
}

function exampleOf({ id, history, target }: Sequence, titles: ReadonlyMap<string, string>): Example {
  const known = history.flatMap((item) => titles.get(item) ?? []);
  return { id, query: known.slice(-SHOWN_ITEMS).join('\n'), history, relevant: new Map([[target, 1]]) };
}

function leftOut(file: string, all: number, withTarget: number, usable: number): string[] {
  const notes: string[] = [];
  if (withTarget < all)
    notes.push(`${file}: ${all - withTarget} of ${all} targets are not in the corpus and were left out.`);
  if (usable < withTarget) {
    notes.push(`${file}: ${withTarget - usable} of ${all} histories have no item in the corpus and were left out.`);
  }
  return notes;
}

function fillTrain(examples: Splits): string[] {
  if (examples.train.length > 0) return [];
  const isForTraining = ({ id }: Example): boolean => shareOf(id) < 0.8;
  examples.train = examples.validation.filter(isForTraining);
  examples.validation = examples.validation.filter((example) => !isForTraining(example));
  return ['There is no training file: about 80 % of the validation rows, by a hash of their ids, are for training.'];
}
