/** @file The command that installs a native tensor engine into the extension's storage, with progress and a way to cancel. */
import * as vscode from 'vscode';
import { createWorkerClient } from '../worker/client.ts';
import type { Questions } from '../worker/protocol.ts';
import { runtime } from './settings.ts';
import { abortSignalOf } from './worker.ts';

type Engine = Questions['install-backend']['ask']['backend'];

/** Asks which engine, then lets npm install it. */
export async function chooseAndInstall(
  context: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
): Promise<void> {
  const engines: readonly (vscode.QuickPickItem & { readonly engine: Engine })[] = [
    {
      engine: 'node-gpu',
      label: vscode.l10n.t('TensorFlow on an NVIDIA GPU'),
      detail: vscode.l10n.t(
        'Linux and Windows, with CUDA 11.2 and cuDNN 8.1 installed. Trainings take it by themselves.',
      ),
    },
    {
      engine: 'webgpu',
      label: vscode.l10n.t('WebGPU'),
      detail: vscode.l10n.t('Other GPUs, through Vulkan, Metal or Direct3D. Needs a plain Node in rec-r1.nodePath.'),
    },
    {
      engine: 'node',
      label: vscode.l10n.t('TensorFlow on the processor'),
      detail: vscode.l10n.t(
        'Slower than the embedded engine, without its limit of 4 GB. Trainings take it when told to.',
      ),
    },
  ];
  const chosen = await vscode.window.showQuickPick(engines, { title: vscode.l10n.t('Install which engine?') });
  if (chosen) await install(chosen.engine, chosen.label, context, output);
}

/** In a process of its own: a download must not keep questions about checkpoints waiting. */
async function install(
  backend: Engine,
  label: string,
  context: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
): Promise<void> {
  const title = vscode.l10n.t('Installing {0}', label);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const description = await vscode.window.withProgress(options, async (progress, token) => {
    const worker = createWorkerClient({
      runtime: () => runtime(context, {}),
      log: (text) => {
        output.info(text);
        progress.report({ message: text.split('\n').at(-1) });
      },
    });
    try {
      return (await worker.ask('install-backend', { backend }, abortSignalOf(token))).description;
    } catch (error) {
      if (token.isCancellationRequested) return undefined;
      throw error;
    } finally {
      worker.dispose();
    }
  });
  if (description === undefined) return;
  void vscode.window.showInformationMessage(vscode.l10n.t('{0} is ready: {1}', label, description));
}
