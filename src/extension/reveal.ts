/** @file Showing where a file or folder lies. */
import * as vscode from 'vscode';

/**
 * In the system's file manager; in a window whose files are on another machine, in the explorer, or where they lie outside the
 * workspace, by their path.
 */
export async function reveal(path: string): Promise<void> {
  const uri = vscode.Uri.file(path);
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
    await vscode.commands.executeCommand('revealFileInOS', uri);
    return;
  }
  if (vscode.workspace.getWorkspaceFolder(uri)) {
    await vscode.commands.executeCommand('revealInExplorer', uri);
    return;
  }
  const copy = vscode.l10n.t('Copy Path');
  if ((await vscode.window.showInformationMessage(path, copy)) === copy) await vscode.env.clipboard.writeText(path);
}
