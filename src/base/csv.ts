/** @file Tables as text: CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes) and TSV, row by row with a header. */
import { UserError } from './errors.ts';
import type { Row } from './json-lines.ts';
import { readAllLines, readLines } from './lines.ts';

/** A longer row has a quote that nobody closed, and would otherwise take the rest of the file into memory. */
const MAX_ROW_LENGTH = 1 << 27;

/**
 * The rows of a table as objects by the names of its header. In a .tsv file quotes mean nothing. A line break inside a
 * quoted cell is a line feed, whatever it is in the file.
 */
export async function* readTable(path: string): AsyncGenerator<Row> {
  let header: readonly string[] | undefined;
  for await (const { cells, where } of readCells(path)) {
    if (!header) {
      header = cells.map((name) => name.trim());
      continue;
    }
    if (cells.length !== header.length) {
      throw new UserError(`${where}: expected ${header.length} columns as in the header, got ${cells.length}.`);
    }
    yield { value: Object.fromEntries(header.map((name, i) => [name, cells[i]])), where };
  }
}

/** The rows of a table that has no header. */
export function readCells(path: string): AsyncGenerator<CellRow> {
  return /\.tsv(\.gz)?$/.test(path) ? tsvRows(path) : csvRows(path);
}

export interface CellRow {
  readonly cells: readonly string[];
  readonly where: string;
}

async function* tsvRows(path: string): AsyncGenerator<CellRow> {
  for await (const { text, where } of readLines(path)) yield { cells: text.split('\t'), where };
}

async function* csvRows(path: string): AsyncGenerator<CellRow> {
  let open: { readonly where: string; readonly lines: string[]; length: number } | undefined;
  for await (const { text, where } of readAllLines(path)) {
    if (!open && text.trim() === '') continue;
    const row = open ?? { where, lines: [], length: 0 };
    row.lines.push(text);
    row.length += text.length + 1;
    // An odd number of quotes opens a cell that goes on in the next line, or closes one.
    const turns = hasOddQuotes(text);
    open = turns === (open === undefined) ? row : undefined;
    if (!open) yield { cells: csvCells(row.lines.join('\n'), row.where), where: row.where };
    else if (row.length > MAX_ROW_LENGTH) break;
  }
  if (open) throw new UserError(`${open.where}: a quote is not closed.`);
}

/** Whether a quoted cell opens in this text that does not close in it, or the other way round. */
export function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function csvCells(text: string, where: string): string[] {
  const cells = placedCells(text);
  if (cells) return cells.map(({ cell }) => cell);
  throw new UserError(`${where}: a quote stands inside a cell that is not quoted; double it and quote the cell.`);
}

/** A cell of a row, and where it stands with its quotes. */
export interface PlacedCell {
  readonly cell: string;
  readonly start: number;
  readonly end: number;
}

/** The cells of one row; undefined when a quote stands inside a cell that is not quoted, or is not closed. */
export function placedCells(row: string): readonly PlacedCell[] | undefined {
  const cells: PlacedCell[] = [];
  for (let start = 0; ;) {
    const { cell, end } = row[start] === '"' ? quotedCell(row, start + 1) : bareCell(row, start);
    if (cell === undefined || (end < row.length && row[end] !== ',')) return undefined;
    cells.push({ cell, start, end });
    if (end >= row.length) return cells;
    start = end + 1;
  }
}

/** A cell and the place behind it; no cell when it cannot be one. */
interface CellAt {
  readonly cell: string | undefined;
  readonly end: number;
}

/** @param start the place behind the opening quote. */
function quotedCell(text: string, start: number): CellAt {
  let close = text.indexOf('"', start);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return { cell: undefined, end: text.length };
  return { cell: text.slice(start, close).replaceAll('""', '"'), end: close + 1 };
}

function bareCell(text: string, start: number): CellAt {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const cell = text.slice(start, end);
  return { cell: cell.includes('"') ? undefined : cell, end };
}
