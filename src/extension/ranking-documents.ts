/**
 * @file Two ranked lists in the editor's own diff editor, one line a rank: keyboard, screen reader and search are the editor's.
 * A document's address holds its lines, so that it is still there after a reload of the window.
 */
import * as vscode from 'vscode';
import type { RankedText } from '../../webview/protocol.ts';

const SCHEME = 'rec-r1-ranking';

export function provideRankings(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: ({ query }) => `${(JSON.parse(query) as readonly string[]).join('\n')}\n`,
  });
}

export async function showRankings(before: RankedText, after: RankedText): Promise<void> {
  const title = `${before.title} ↔ ${after.title}`;
  const [left, right] = [before, after].map(({ title: name, lines }, i) =>
    vscode.Uri.from({ scheme: SCHEME, path: `/${i}/${name.replaceAll('/', '∕')}`, query: JSON.stringify(lines) }),
  );
  await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
}
