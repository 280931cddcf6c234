/** @file Writing the report of a comparison where a person wants it, with its pictures beside it. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { Comparison } from '../runs/comparison.ts';
import { comparisonReport } from '../runs/comparison-report.ts';
import { runName } from './runs.ts';

/** Asks where to, writes, and opens the preview. */
export async function saveReport(dir: string, comparisons: readonly Comparison[]): Promise<void> {
  const uri = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(dir, 'comparison.md')),
    filters: { Markdown: ['md'] },
  });
  if (!uri) return;
  const { markdown, pictures } = comparisonReport(comparisons, runName(dir), basename(uri.path, '.md'));
  for (const { name, svg } of pictures) await write(vscode.Uri.joinPath(uri, '..', name), svg);
  await write(uri, markdown);
  await vscode.commands.executeCommand('markdown.showPreview', uri);
}

async function write(uri: vscode.Uri, text: string): Promise<void> {
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}
