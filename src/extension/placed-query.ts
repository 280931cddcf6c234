/** @file A query where it stands in a document: in a file of queries, or in what a person selected. */
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import { queriesIn, type QueryInFile, writtenIn } from './query-file.ts';

/** Plain data, for it travels in the links of a hover. */
export interface PlacedQuery extends QueryInFile {
  readonly kind: 'query';
  readonly uri: string;
  readonly isSelected: boolean;
}

/** Queries that begin on a line from `first` to `last`. */
export function queriesOf(document: vscode.TextDocument, first: number, last: number): readonly PlacedQuery[] {
  const lines = {
    path: document.uri.path,
    lineCount: document.lineCount,
    lineText: (line: number) => document.lineAt(line).text,
  };
  const uri = document.uri.toString();
  return queriesIn(lines, first, last).map((found) => ({ ...found, kind: 'query', uri, isSelected: false }));
}

/** Each line of the selection that is not blank; with nothing selected, none. */
export function selectedQueries({ document, selection }: vscode.TextEditor): readonly PlacedQuery[] {
  const uri = document.uri.toString();
  const found: PlacedQuery[] = [];
  for (let line = selection.start.line; line <= selection.end.line; line++) {
    const whole = document.lineAt(line).range;
    const range = whole.intersection(selection) ?? new vscode.Range(whole.start, whole.start);
    const text = document.getText(range);
    const query = text.trim();
    if (query === '') continue;
    const start = range.start.translate(0, text.indexOf(query));
    const end = start.translate(0, query.length);
    found.push({ kind: 'query', uri, query, start: placeOf(start), end: placeOf(end), isSelected: true });
  }
  return found;
}

/** A query of more lines is not looked for from its last one. */
const MAX_QUERY_LINES = 100;

/** The query at the cursor: what is selected, otherwise that of the line in a file of queries. */
export function queryAtCursor(editor: vscode.TextEditor | undefined): PlacedQuery {
  if (!editor) throw new UserError(vscode.l10n.t('Open a file and put the cursor in a query, or select one.'));
  const { document, selection } = editor;
  const selected = selectedQueries(editor).at(0);
  if (selected) return selected;
  const line = selection.active.line;
  // A row of a table may have begun some lines before.
  const found = queriesOf(document, Math.max(0, line - MAX_QUERY_LINES), line).findLast((placed) =>
    rangeOf(placed).contains(selection.active),
  );
  const query = found ?? queriesOf(document, line, line).at(0);
  if (query) return query;
  throw new UserError(vscode.l10n.t('There is no query at the cursor; select the words that should be rewritten.'));
}

export function rangeOf({ start, end }: Pick<QueryInFile, 'start' | 'end'>): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

/**
 * Puts `text` in the place of a query, written as its file wants it.
 *
 * @throws UserError when something else stands there by now.
 */
export async function replaceQuery(placed: PlacedQuery, text: string): Promise<void> {
  const uri = vscode.Uri.parse(placed.uri);
  const document = await vscode.workspace.openTextDocument(uri);
  const range = rangeOf(placed);
  const current = document.getText(range);
  const isThere = placed.isSelected
    ? current === placed.query
    : queriesOf(document, placed.start.line, placed.start.line).some(
        ({ query, start }) => query === placed.query && rangeOf({ start, end: start }).start.isEqual(range.start),
      );
  if (!isThere) throw new UserError(vscode.l10n.t('The file has changed: “{0}” is not there any more.', placed.query));
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, placed.isSelected ? insideOf(document, text) : writtenIn(uri.path, text, current));
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new UserError(vscode.l10n.t('{0} cannot be changed; is it read-only?', uri.fsPath));
  }
}

/** A selection in JSON most likely lies inside a string. */
function insideOf({ languageId }: vscode.TextDocument, text: string): string {
  return /^json/.test(languageId) ? JSON.stringify(text).slice(1, -1) : text;
}

function placeOf({ line, character }: vscode.Position): QueryInFile['start'] {
  return { line, character };
}
