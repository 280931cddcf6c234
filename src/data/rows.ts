/** @file Tables of any kind row by row: CSV, TSV, JSON Lines, each also .gz, and parquet. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from '../base/csv.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines, type Row } from '../base/json-lines.ts';
import { readParquet } from './parquet.ts';

/** The endings that {@link readRows} understands. */
export const TABLE_ENDINGS = ['csv', 'tsv', 'jsonl', 'parquet'] as const;

/** The rows of a table; its name says of which kind it is. */
export function readRows(file: string): AsyncGenerator<Row> {
  if (file.endsWith('.parquet')) return readParquet(file);
  if (/\.jsonl(\.gz)?$/.test(file)) return readJsonLines(file);
  if (/\.[ct]sv(\.gz)?$/.test(file)) return readTable(file);
  throw new UserError(`${file} is no table that can be read; its name must end in .${TABLE_ENDINGS.join(', .')}.`);
}

/** The table of a folder that has this name, whatever its ending. */
export function findTable(dir: string, name: string): string | undefined {
  const endings = TABLE_ENDINGS.flatMap((ending) => (ending === 'parquet' ? [ending] : [ending, `${ending}.gz`]));
  return endings.map((ending) => join(dir, `${name}.${ending}`)).find((file) => existsSync(file));
}
