/** @file What a person configured, read when it is needed. Every setting of the manifest has one function here. */
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import type { Runtime } from '../worker/launch.ts';
import type { Keys } from './keys.ts';
import type { Configuration } from './training.ts';

/** Where runs lie: in the workspace when there is one, otherwise in the extension's own storage. */
export function runsFolder(context: vscode.ExtensionContext): string {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  const configured = section().get<string>('runsFolder', 'runs');
  if (isAbsolute(configured)) return configured;
  return folder ? join(folder.uri.fsPath, configured) : join(context.globalStorageUri.fsPath, 'runs');
}

/** The configuration of runs that are started without a file; `app/config.ts` checks it. */
export function trainingSettings(): Configuration {
  return { config: section().get<Record<string, unknown>>('training', {}), source: 'rec-r1.training' };
}

const INLINE_REWRITES = ['codeLens', 'inlayHints', 'off'] as const;

/** Where the rewrite of a query in a file is shown. */
export function inlineRewrites(): (typeof INLINE_REWRITES)[number] {
  const configured = section().get<string>('inlineRewrites', 'codeLens');
  return INLINE_REWRITES.find((mode) => mode === configured) ?? 'codeLens';
}

/**
 * What runs the worker processes, with the keys that they may need.
 *
 * @throws UserError in a workspace that is not trusted: a worker runs models and, with `nodePath`, a program of the
 * workspace's choice.
 */
export function runtime(context: vscode.ExtensionContext, keys: Keys): Runtime {
  if (!vscode.workspace.isTrusted) {
    throw new UserError(vscode.l10n.t('This workspace is not trusted; trust it to let Rec-R1 start a process.'));
  }
  const nodePath = section().get<string>('nodePath', '');
  const script = join(context.extensionPath, 'dist', 'worker.mjs');
  const workingDir = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? context.extensionPath;
  const nativeFolder = join(context.globalStorageUri.fsPath, 'native');
  return { script, workingDir, keys, nativeFolder, ...(nodePath !== '' && { nodePath }) };
}

function section(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('rec-r1');
}
