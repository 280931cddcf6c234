/**
 * @file Purchase histories: `sequences/*.jsonl` with rows of `user_id`, `history` (ids, oldest first) and `target` (the id
 * bought next). The file's name says the split: it holds `train`, `val` or `test`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { corpusFile, readDocuments } from './corpus.ts';
import { type Sequence, sequenceExample, sequenceId } from './histories.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { type Splits, emptySplits, shareOf } from './split.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import type { Example, Split } from './task.ts';

/** Whether a folder holds this layout. */
export function isSequences(dir: string): boolean {
  return existsSync(join(dir, 'sequences'));
}

interface SequenceFile {
  readonly name: string;
  readonly split: Split;
  readonly sequences: readonly Sequence[];
}

/** Examples are the sequences whose target and at least one item of the history are in the corpus; notes count the others. */
export class SequencesReader implements TaskReader {
  readonly #dir: string;
  readonly #titles = new Map<string, string>();
  #files: readonly SequenceFile[] | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Keeps the titles of the items in the histories as they pass by. */
  async *documents(): AsyncGenerator<ReadDocument> {
    this.#files ??= await readFiles(join(this.#dir, 'sequences'));
    const shown = new Set(this.#files.flatMap(({ sequences }) => sequences.flatMap(({ history }) => history)));
    for await (const read of readDocuments(corpusFile(this.#dir))) {
      const { id, title, text } = read.document;
      if (shown.has(id)) this.#titles.set(id, title || text);
      yield read;
    }
  }

  examples(corpus: ReadonlySet<string>): Promise<ExamplesWithNotes> {
    const examples = emptySplits();
    const notes: string[] = [];
    for (const { name, split, sequences } of this.#files ?? []) {
      const withTarget = sequences.filter(({ target }) => corpus.has(target));
      const usable = withTarget.filter(({ history }) => history.some((id) => corpus.has(id)));
      examples[split].push(...usable.map((sequence) => sequenceExample(sequence, this.#titles)));
      notes.push(...leftOut(name, sequences.length, withTarget.length, usable.length));
    }
    notes.push(...fillTrain(examples));
    return Promise.resolve({ examples, notes });
  }
}

async function readFiles(dir: string): Promise<SequenceFile[]> {
  const uses = new Map<string, number>();
  const files: SequenceFile[] = [];
  for (const { file, split } of sequenceFiles(dir)) {
    files.push({ name: basename(file), split, sequences: await readSequences(file, uses) });
  }
  return files;
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

/** `uses` counts each user's sequences over all files. */
async function readSequences(file: string, uses: Map<string, number>): Promise<Sequence[]> {
  const sequences: Sequence[] = [];
  for await (const { value: row, where } of readJsonLines(file)) {
    const user = idField(row, 'user_id', where);
    const use = (uses.get(user) ?? 0) + 1;
    uses.set(user, use);
    sequences.push({
      id: sequenceId(user, use),
      history: idListField(row, 'history', where),
      target: idField(row, 'target', where),
    });
  }
  return sequences;
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
