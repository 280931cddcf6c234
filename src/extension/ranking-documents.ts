/** @file Ranked lists as read-only documents, one document of the ranking a line, for the editor's own comparison. */
import * as vscode from 'vscode';
import { BoundedCache } from '../base/bounded-cache.ts';

const SCHEME = 'rec-r1-ranking';
/** Rankings that can still be looked at. */
const KEPT = 200;

export interface NamedRanking {
  /** The query that was searched. */
  readonly name: string;
  /** Best first. */
  readonly lines: readonly string[];
}

export class RankingDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new BoundedCache<string>(KEPT);
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  #next = 1;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t('This ranking is gone; ask for it again.');
  }

  async compare(before: NamedRanking, after: NamedRanking, title: string): Promise<void> {
    const [left, right] = [this.#keep(before), this.#keep(after)];
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }

  #keep({ name, lines }: NamedRanking): vscode.Uri {
    const file = name.replace(/[\\/]/g, ' ');
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${file}`, query: String(this.#next++) });
    this.#texts.set(uri.toString(), `${lines.join('\n')}\n`);
    return uri;
  }
}
