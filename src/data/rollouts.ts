/**
 * @file Answers that some program stored: what models wrote, and what is said about which question it was.
 *
 * Read are files of this project and of the paper's authors (`generated_text`, or a bare `rewrite`), TRL's tables of
 * completions (`prompt`, `completion`; parquet) and verl's dumps (`input`, `output`, `gts`; JSON Lines), one file or a folder
 * with one for each step.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import type { Row } from '../base/json-lines.ts';
import { readRows, TABLE_ENDINGS } from './rows.ts';

export interface StoredAnswer {
  /** The model's text; a value of another type where a program had read it as JSON, which no rewrite is. */
  readonly text: unknown;
  /** The text is the rewrite itself, without tags and JSON. */
  readonly isBare: boolean;
  /** What the program called the question; others may number theirs otherwise. */
  readonly id?: string;
  /** The question, or the whole prompt around it. */
  readonly prompt?: string;
  readonly user?: string;
  readonly history?: readonly string[];
  /** Ids of relevant documents, as listed: one may stand there twice. */
  readonly targets?: readonly string[];
  /** What the training that wrote it made of it. */
  readonly trained?: TrainedAnswer;
  /** All columns, and where they stand. */
  readonly row: Row;
}

/** How a training rewarded an answer among its siblings. */
export interface TrainedAnswer {
  /** The same for the answers that were compared with one another. */
  readonly group: string;
  /** Null when there was none; missing where the program does not store it. */
  readonly reward?: number | null;
  readonly advantage?: number;
  readonly tokens?: number;
}

/** Columns in the order in which they are looked for. */
const TEXT_COLUMNS = ['generated_text', 'completion', 'output', 'response', 'chosen', 'rewrite'] as const;
const PROMPT_COLUMNS = ['query', 'prompt', 'input'] as const;
const TARGET_COLUMNS = ['relevant', 'target', 'gts'] as const;

/** The answers of a file, or of all files of a folder, in the order of the numbers in their names. */
export async function* readRollouts(path: string): AsyncGenerator<StoredAnswer> {
  for (const file of rolloutFiles(path)) for await (const row of readRows(file)) yield answerOf(row);
}

function rolloutFiles(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new UserError(`${path} does not exist; check the path.`);
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /\.(csv|tsv|jsonl)(\.gz)?$|\.parquet$/.test(name));
  if (names.length === 0) throw new UserError(`${path} holds no file of answers (.${TABLE_ENDINGS.join(', .')}).`);
  const byNumber = new Intl.Collator('en', { numeric: true });
  return names.sort((a, b) => byNumber.compare(a, b)).map((name) => join(path, name));
}

function answerOf(row: Row): StoredAnswer {
  const { value, where } = row;
  const column = TEXT_COLUMNS.find((name) => value[name] !== undefined);
  const text = column && value[column];
  if (text === undefined || text === null) {
    const wanted = TEXT_COLUMNS.map((name) => `"${name}"`).join(', ');
    throw new UserError(`${where}: the answer must be in one of ${wanted}, got ${describe(text)}.`);
  }
  const prompt = PROMPT_COLUMNS.map((name) => value[name]).find((found) => typeof found === 'string');
  const targets = targetsOf(value, where);
  return {
    row,
    text,
    isBare: column === 'rewrite',
    ...(value['_id'] !== undefined && { id: idField(value, '_id', where) }),
    ...(prompt !== undefined && { prompt }),
    ...(value['user_id'] !== undefined && { user: idField(value, 'user_id', where) }),
    ...(value['history'] !== undefined && { history: idListField(value, 'history', where) }),
    ...(targets && { targets }),
    ...trainedOf(value, prompt),
  };
}

/** TRL stores the advantage, verl the reward; a step has the answers to one prompt once. */
function trainedOf(value: Row['value'], prompt = ''): Pick<StoredAnswer, 'trained'> {
  const { advantage, score: reward } = value;
  const isNumber = (found: unknown): found is number => typeof found === 'number';
  if (!isNumber(advantage) && !isNumber(reward)) return {};
  const group = JSON.stringify([value['step'], prompt]);
  return { trained: { group, ...(isNumber(reward) && { reward }), ...(isNumber(advantage) && { advantage }) } };
}

/** A list of ids, one id, or either as the `target` of an object, which is how verl keeps the ground truth. */
function targetsOf(value: Row['value'], where: string): readonly string[] | undefined {
  const column = TARGET_COLUMNS.find((name) => value[name] !== undefined && value[name] !== null);
  if (column === undefined) return undefined;
  const found = value[column];
  const isObject = typeof found === 'object' && !Array.isArray(found);
  const ids = { [column]: isObject ? (found as Row['value'])['target'] : found };
  return Array.isArray(ids[column]) ? idListField(ids, column, where) : [idField(ids, column, where)];
}
