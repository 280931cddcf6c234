/** @file The question worker as a resource of the extension, and the editor's cancellation as an `AbortSignal`. */
import * as vscode from 'vscode';
import { createWorkerClient, type WorkerClient } from '../worker/client.ts';
import { type Keys, storedKeys } from './keys.ts';
import { runtime } from './settings.ts';

export function createQuestionWorker(context: vscode.ExtensionContext, output: vscode.LogOutputChannel): WorkerClient {
  let keys: Keys = {};
  const client = createWorkerClient({
    runtime: () => runtime(context, keys),
    log: (line) => {
      output.info(line);
    },
  });
  return {
    ask: async (kind, ask, signal) => {
      keys = await storedKeys(context); // the question may start the process
      return client.ask(kind, ask, signal);
    },
    dispose: () => {
      client.dispose();
    },
  };
}

/** Aborted when the editor's token is cancelled. */
export function abortSignalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => {
    controller.abort();
  });
  return controller.signal;
}
