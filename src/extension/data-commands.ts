/** @file What one may do with a task, or with a file of the cache. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import type { DataItem, DataView } from './data-view.ts';
import { sizeText } from './language.ts';
import { reveal } from './reveal.ts';

/** The file or folder of a row. @throws UserError for a row that has none, as from the palette. */
function pathOf(item: DataItem | undefined): string {
  switch (item?.kind) {
    case 'task':
      return item.dir;
    case 'task-file':
    case 'kept':
      return item.file.path;
    case 'group':
    case undefined:
      throw new UserError(vscode.l10n.t('Choose a row of the view “Tasks and Indexes” in the Rec-R1 side bar.'));
  }
}

export async function revealData(item: DataItem | undefined): Promise<void> {
  await reveal(pathOf(item));
}

/** The folder of a task. */
export function taskOf(item: DataItem | undefined): string {
  const path = pathOf(item);
  if (item?.kind === 'task') return path;
  throw new UserError(vscode.l10n.t('{0} is no task; choose a folder with a corpus.', path));
}

/** Asks first: an index is counted again in seconds, but vectors may have taken hours. */
export async function deleteKept(item: DataItem | undefined, view: DataView): Promise<void> {
  const path = pathOf(item);
  if (item?.kind !== 'kept') throw new UserError(vscode.l10n.t('{0} is not in the cache; it is yours.', path));
  const { source, kind, sizeBytes } = item.file;
  const what = source ?? basename(path);
  const question =
    kind === 'vectors'
      ? vscode.l10n.t('Delete the vectors made with {0} ({1})?', what, sizeText(sizeBytes))
      : vscode.l10n.t('Delete the index of {0} ({1})?', what, sizeText(sizeBytes));
  const detail = vscode.l10n.t('It is made again when a training or a search needs it.');
  const confirm = vscode.l10n.t('Delete');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  await vscode.workspace.fs.delete(vscode.Uri.file(path));
  view.refresh();
}
