/** @file The one place of the extension where an error becomes a message on screen. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../base/errors.ts';

/**
 * Runs what a person asked for. What they can fix is shown as it is; anything else is a bug: it is shown with a way to the
 * log, where its stack is.
 */
export async function reporting(output: vscode.LogOutputChannel, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    await showError(output, error);
  }
}

export async function showError(output: vscode.LogOutputChannel, error: unknown): Promise<void> {
  if (error instanceof UserError) {
    output.warn(error.message);
    await vscode.window.showErrorMessage(error.message);
    return;
  }
  output.error(error instanceof Error ? error : messageOf(error));
  const openLog = vscode.l10n.t('Open Log');
  const message = vscode.l10n.t('Rec-R1 met a bug: {0}', messageOf(error));
  if ((await vscode.window.showErrorMessage(message, openLog)) === openLog) output.show();
}
