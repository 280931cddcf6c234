/**
 * @file Tables of anybody's own: `documents` and `judgments`, each .csv, .tsv, .jsonl or .parquet, with a map from our columns
 * to theirs. A row of judgments holds the query's text, a document and a grade, and may hold a split.
 */
import { describe, idField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import type { Row } from '../base/json-lines.ts';
import { type Query, type TakeJudgment, judgedExamples, splitNamed } from './judgments.ts';
import { findTable, readRows, TABLE_ENDINGS } from './rows.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import type { Document } from './task.ts';

/** Our columns, each with what it is called unless the map says otherwise. */
const DEFAULT_COLUMNS = {
  id: 'id',
  title: 'title',
  text: 'text',
  query: 'query',
  document: 'document',
  grade: 'grade',
  split: 'split',
} as const;

export const COLUMNS = Object.keys(DEFAULT_COLUMNS) as readonly ColumnName[];
export type ColumnName = keyof typeof DEFAULT_COLUMNS;

export interface TableOptions {
  /** Our column to theirs. */
  readonly columns?: Readonly<Partial<Record<ColumnName, string>>>;
  /** Label to grade, for judgments in words: Exact, Substitute. */
  readonly grades?: Readonly<Record<string, number>>;
}

type Column = (name: ColumnName) => string;

/** Whether a folder holds this layout. */
export function isTable(dir: string): boolean {
  return findTable(dir, 'documents') !== undefined && findTable(dir, 'judgments') !== undefined;
}

/** A document needs an id and a title or a text. Queries of equal text are one, numbered in the order of the rows. */
export function tableReader(dir: string, options: TableOptions): TaskReader {
  return {
    documents: () => readDocuments(dir, options),
    examples(corpus) {
      const queries = new Map<string, Query>();
      return judgedExamples(queries, corpus, (take) => readJudgments(dir, queries, options, take), { dir });
    },
  };
}

async function* readDocuments(dir: string, options: TableOptions): AsyncGenerator<ReadDocument> {
  const column = columnNames(options);
  for await (const { value, where } of rowsOf(dir, 'documents')) {
    yield { document: documentOf(value, column, where), where };
  }
}

function documentOf(row: Row['value'], column: Column, where: string): Document {
  requireColumns(row, [column('id')], where);
  const id = idField(row, column('id'), where);
  const [title, text] = [cell(row, column('title')), cell(row, column('text'))];
  if (title === undefined && text === undefined) {
    throw new UserError(
      `${where}: there is neither a column "${column('title')}" nor "${column('text')}"; name one with --columns.`,
    );
  }
  return { id, title: title ?? '', text: text ?? '' };
}

/** Adds each query to `queries` before its first judgment is handed on. */
async function readJudgments(
  dir: string,
  queries: Map<string, Query>,
  options: TableOptions,
  take: TakeJudgment,
): Promise<void> {
  const column = columnNames(options);
  const ids = new Map<string, string>();
  for await (const { value: row, where } of rowsOf(dir, 'judgments')) {
    requireColumns(row, [column('query'), column('document')], where);
    const text = cell(row, column('query')) ?? '';
    const id = ids.get(text) ?? `q${ids.size + 1}`;
    ids.set(text, id);
    queries.set(id, { id, query: text });
    const split = splitNamed(cell(row, column('split')) ?? '');
    const grade = gradeOf(cell(row, column('grade')), options, where);
    take({ query: id, document: idField(row, column('document'), where), grade, where, ...(split && { split }) });
  }
}

/** A missing column means that every row is a match. */
function gradeOf(label: string | undefined, { grades }: TableOptions, where: string): number {
  if (label === undefined) return 1;
  const grade = grades ? (Object.hasOwn(grades, label) ? grades[label] : NaN) : Number(label.trim() || NaN);
  if (!Number.isNaN(grade)) return grade;
  throw new UserError(
    `${where}: the grade is ${describe(label)}; give a number, or say with --grades what each label is worth.`,
  );
}

function columnNames({ columns = {} }: TableOptions): Column {
  return (name) => columns[name] ?? DEFAULT_COLUMNS[name];
}

function cell(row: Row['value'], column: string): string | undefined {
  const value = row[column];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
}

function requireColumns(row: Row['value'], names: readonly string[], where: string): void {
  const missing = names.find((name) => !(name in row));
  if (missing === undefined) return;
  throw new UserError(
    `${where}: there is no column "${missing}" among ${Object.keys(row).join(', ')}; name it with --columns.`,
  );
}

function rowsOf(dir: string, name: string): AsyncGenerator<Row> {
  const file = findTable(dir, name);
  if (!file) throw new UserError(`${dir} has no ${name} in a file .${TABLE_ENDINGS.join(', .')}.`);
  return readRows(file);
}
