/** @file Tables as text: CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes) and TSV, row by row with a header. */
import { UserError } from './errors.ts';
import { type JsonLine, type Line, readLines } from './json-lines.ts';

/** The rows of a table as objects by the names of its header. In a .tsv file quotes mean nothing. */
export async function* readTable(path: string): AsyncGenerator<JsonLine> {
  const tabs = /\.tsv(\.gz)?$/.test(path);
  let header: readonly string[] | undefined;
  for await (const { cells, where } of tabs ? tsvRows(path) : csvRows(path)) {
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

interface Row {
  readonly cells: readonly string[];
  readonly where: string;
}

async function* tsvRows(path: string): AsyncGenerator<Row> {
  for await (const { text, where } of readLines(path)) yield { cells: text.split('\t'), where };
}

async function* csvRows(path: string): AsyncGenerator<Row> {
  let open: Line | undefined;
  for await (const { text, where } of readLines(path)) {
    const line: Line = open ? { text: `${open.text}\n${text}`, where: open.where } : { text, where };
    // An odd number of quotes: a quoted cell goes on in the next line.
    open = (line.text.split('"').length - 1) % 2 === 1 ? line : undefined;
    if (!open) yield { cells: csvCells(line), where: line.where };
  }
  if (open) throw new UserError(`${open.where}: a quote is not closed.`);
}

function csvCells({ text, where }: Line): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = cell.exec(text);
    if (!match)
      throw new UserError(`${where}: a quote stands inside a cell that is not quoted; double it and quote the cell.`);
    const [, quoted, bare = '', end] = match as (string | undefined)[];
    cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
