/**
 * @file Where queries stand in files that people keep them in, and how another text is written in their place. Only the lines
 * that are asked for are looked at, so that a file may be long. Knows nothing of the editor.
 */
import { hasOddQuotes, type PlacedCell, placedCells } from '../base/csv.ts';
import { memberPlaces, stringAt } from '../base/json-places.ts';

/** A text by its lines, as the editor holds it. */
export interface Lines {
  readonly path: string;
  readonly lineCount: number;
  readonly lineText: (line: number) => string;
}

/** From 0, as the editor counts. */
export interface TextPlace {
  readonly line: number;
  readonly character: number;
}

export interface QueryInFile {
  readonly query: string;
  /** What is replaced when another query takes its place; quotes belong to it. */
  readonly start: TextPlace;
  readonly end: TextPlace;
}

type Format = 'jsonl' | 'csv' | 'tsv' | 'txt';

/** Fields that hold a query whatever the file is called. */
const QUERY_FIELDS = ['query', 'query_text', 'search_query'];
/** A file of this name holds queries, also where a row calls its query just `text`. */
const QUERY_NAME = /quer|topic/i;

/** The format of a file that may hold queries. */
function formatOf(path: string): Format | undefined {
  const extension = /\.(jsonl|csv|tsv|txt)$/i.exec(path)?.[1].toLowerCase() as Format | undefined;
  return extension === 'txt' && !isNamedQueries(path) ? undefined : extension;
}

export function mayHoldQueries(path: string): boolean {
  return formatOf(path) !== undefined;
}

/** Queries that begin on a line from `first` to `last`. */
export function queriesIn(lines: Lines, first: number, last: number): readonly QueryInFile[] {
  const format = formatOf(lines.path);
  const end = Math.min(last, lines.lineCount - 1);
  switch (format) {
    case 'jsonl':
      return linesFrom(first, end).flatMap((line) => queryOfObject(lines, line));
    case 'txt':
      return linesFrom(first, end).flatMap((line) => wholeLine(lines, line));
    case 'csv':
      return tableQueries(lines, csvRows(lines, first, end), first);
    case 'tsv':
      return tableQueries(lines, tsvRows(lines, first, end), first);
    case undefined:
      return [];
    default:
      return format satisfies never;
  }
}

/** A query as it is written in place of the one that stands there now, whose text is `current`. */
export function writtenIn(path: string, query: string, current: string): string {
  const oneLine = query.replace(/\s+/g, ' ').trim();
  switch (formatOf(path)) {
    case 'jsonl':
      return JSON.stringify(query);
    case 'csv':
      return current.startsWith('"') || /[",\r\n]|^\s|\s$/.test(query) ? `"${query.replaceAll('"', '""')}"` : query;
    default:
      return oneLine;
  }
}

function linesFrom(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

function isNamedQueries(path: string): boolean {
  return path.split(/[\\/]/).slice(-2).some((part) => QUERY_NAME.test(part)); // prettier-ignore
}

function queryOfObject({ path, lineText }: Lines, line: number): QueryInFile[] {
  const text = lineText(line);
  const members = memberPlaces(text);
  const mayBeText = isNamedQueries(path) && !members.has('title');
  const place = [...QUERY_FIELDS, ...(mayBeText ? ['text'] : [])].map((name) => members.get(name)).find(Boolean);
  const query = place && stringAt(text, place);
  return place && query?.trim() ? [onLine(line, place.start, place.end, query)] : [];
}

function wholeLine({ lineText }: Lines, line: number): QueryInFile[] {
  const text = lineText(line);
  const query = text.trim();
  const start = text.indexOf(query);
  return query === '' ? [] : [onLine(line, start, start + query.length, query)];
}

function onLine(line: number, start: number, end: number, query: string): QueryInFile {
  return { query, start: { line, character: start }, end: { line, character: end } };
}

/** A row of a table; its cells' offsets count from the beginning of its first line. */
interface TableRow {
  readonly line: number;
  readonly text: string;
  readonly cells: readonly PlacedCell[];
}

function tableQueries(lines: Lines, rows: Iterable<TableRow>, first: number): QueryInFile[] {
  const columns = queryColumn(lines);
  const found: QueryInFile[] = [];
  for (const { line, text, cells } of rows) {
    const cell = columns && line >= Math.max(first, columns.firstLine) ? cells.at(columns.column) : undefined;
    if (!cell || cell.cell.trim() === '') continue;
    found.push({ query: cell.cell, start: placeOf(text, cell.start, line), end: placeOf(text, cell.end, line) });
  }
  return found;
}

/** Which column holds the queries, and where the first of them stands; undefined when none does. */
function queryColumn(lines: Lines): { readonly column: number; readonly firstLine: number } | undefined {
  const rows = /\.tsv$/i.test(lines.path) ? tsvRows(lines, 0, 0) : csvRows(lines, 0, 0);
  const header = [...rows].at(0);
  if (!header) return undefined;
  const names = header.cells.map(({ cell }) => cell.trim().toLowerCase());
  const known = QUERY_FIELDS.map((name) => names.indexOf(name)).find((column) => column >= 0);
  const column = known ?? (isNamedQueries(lines.path) && !names.includes('title') ? names.indexOf('text') : -1);
  if (column >= 0) return { column, firstLine: 1 };
  // Without a header: an id and a query, or queries alone.
  return isNamedQueries(lines.path) && names.length <= 2 ? { column: names.length - 1, firstLine: 0 } : undefined;
}

function* tsvRows({ lineText }: Lines, first: number, last: number): Generator<TableRow> {
  for (let line = first; line <= last; line++) {
    const text = lineText(line);
    let start = 0;
    const cells = text.split('\t').map((cell) => {
      const placed = { cell, start, end: start + cell.length };
      start = placed.end + 1;
      return placed;
    });
    yield { line, text, cells };
  }
}

/** Rows that begin at `first` or later; the lines before are read only to know which quotes are open. */
function* csvRows({ lineCount, lineText }: Lines, first: number, last: number): Generator<TableRow> {
  for (let line = 0; line <= last;) {
    let text = lineText(line);
    let end = line;
    let isOpen = hasOddQuotes(text);
    while (isOpen && ++end < lineCount && end - line < MAX_ROW_LINES) {
      const more = lineText(end);
      text += `\n${more}`;
      isOpen = !hasOddQuotes(more);
    }
    const cells = isOpen || line < first ? undefined : placedCells(text);
    if (cells) yield { line, text, cells };
    line = isOpen ? line + 1 : end + 1; // a quote that nobody closed spoils its own line alone
  }
}

/** A row of more lines has a quote that is not closed. */
const MAX_ROW_LINES = 100;

function placeOf(text: string, offset: number, firstLine: number): TextPlace {
  const before = text.slice(0, offset).split('\n');
  return { line: firstLine + before.length - 1, character: before[before.length - 1].length };
}
