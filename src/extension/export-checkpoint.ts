/** @file The command that writes a checkpoint for use elsewhere: asks for the format and the place, and says what came of it. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { WorkerClient } from '../worker/client.ts';
import type { Questions } from '../worker/protocol.ts';
import { sizeText } from './language.ts';
import { reveal } from './reveal.ts';
import type { NamedCheckpoint } from './rewrites.ts';

type Request = Questions['export']['ask'];

export async function exportCheckpoint({ runDir, checkpoint }: NamedCheckpoint, worker: WorkerClient): Promise<void> {
  const title = vscode.l10n.t('Export {0}', checkpoint);
  const format = await vscode.window.showQuickPick(formats(), { title, placeHolder: vscode.l10n.t('For what?') });
  if (!format) return;
  const numbers = await vscode.window.showQuickPick(numberFormats(), {
    title,
    placeHolder: vscode.l10n.t('How are numbers stored?'),
  });
  if (!numbers) return;
  const folder = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('{0}: where should its folder be made?', title),
    openLabel: vscode.l10n.t('Export Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(runDir),
  });
  if (!folder) return;
  const out = join(folder[0].fsPath, `${basename(runDir)}-${checkpoint}-${format.format}`);
  const request = { runDir, checkpoint, out, format: format.format, dtype: numbers.dtype };
  await write(request, title, worker);
}

async function write(request: Request, title: string, worker: WorkerClient): Promise<void> {
  const progress = { location: vscode.ProgressLocation.Notification, title: `${title}…` };
  const { out, files } = await vscode.window.withProgress(progress, () => worker.ask('export', request));
  const size = sizeText(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const show = vscode.l10n.t('Reveal');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} ({1}) is in {2}.', title, size, out),
    show,
  );
  if (chosen === show) await reveal(out);
}

function formats(): (vscode.QuickPickItem & { readonly format: Request['format'] })[] {
  return [
    { format: 'merged', label: vscode.l10n.t('transformers'), detail: vscode.l10n.t('A whole model in a folder.') },
    { format: 'adapter', label: vscode.l10n.t('PEFT'), detail: vscode.l10n.t('What LoRA trained, alone.') },
    { format: 'gguf', label: vscode.l10n.t('llama.cpp'), detail: vscode.l10n.t('One file of its format, GGUF.') },
  ];
}

function numberFormats(): (vscode.QuickPickItem & { readonly dtype: Request['dtype'] })[] {
  return [
    { dtype: 'f32', label: 'float32', description: vscode.l10n.t('exact') },
    { dtype: 'bf16', label: 'bfloat16', description: vscode.l10n.t('half the size, as models are usually published') },
    { dtype: 'f16', label: 'float16', description: vscode.l10n.t('half the size') },
  ];
}
