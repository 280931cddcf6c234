/**
 * @file Files of regressions in the Test Explorer: one entry a file, one a test, run against the checkpoint in use. A failure
 * shows what was wanted, and the ranking that was got instead.
 */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../base/errors.ts';
import { failureLines, parseRegressions, type Regression, REGRESSION_FILES } from '../data/regressions.ts';
import type { RegressionResult } from '../app/regressions.ts';
import type { WorkerClient } from '../worker/client.ts';
import type { CheckpointInUse } from './checkpoint-in-use.ts';
import { reporting } from './notify.ts';
import { regressionPlaces } from './regression-places.ts';
import type { NamedCheckpoint } from './rewrites.ts';
import { abortSignalOf } from './worker.ts';

interface Parts {
  readonly inUse: CheckpointInUse;
  readonly worker: WorkerClient;
  readonly output: vscode.LogOutputChannel;
}

/** Offers the tests of the workspace from when there is a file of them: an empty Test Explorer would be in everybody's way. */
export function offerRegressionTests(parts: Parts): vscode.Disposable {
  let tests: RegressionTests | undefined;
  const read = (uri: vscode.Uri): void => {
    tests ??= new RegressionTests(parts);
    void tests.readFile(uri);
  };
  const files = vscode.workspace.createFileSystemWatcher(REGRESSION_FILES);
  void findFiles().then((found) => {
    found.forEach(read);
  });
  return vscode.Disposable.from(
    files,
    files.onDidCreate(read),
    files.onDidChange(read),
    files.onDidDelete((uri) => tests?.forget(uri)),
    { dispose: () => tests?.dispose() },
  );
}

class RegressionTests implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #controller = vscode.tests.createTestController('rec-r1', vscode.l10n.t('Rec-R1 Rewrites'));
  readonly #tests = new WeakMap<vscode.TestItem, Regression>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#controller.refreshHandler = async () => {
      await Promise.all((await findFiles()).map((uri) => this.readFile(uri)));
    };
    this.#controller.createRunProfile(
      vscode.l10n.t('Checkpoint in Use'),
      vscode.TestRunProfileKind.Run,
      (request, token) => reporting(parts.output, () => this.#run(request, token)),
      true,
    );
  }

  forget(uri: vscode.Uri): void {
    this.#controller.items.delete(uri.toString());
  }

  dispose(): void {
    this.#controller.dispose();
  }

  async readFile(uri: vscode.Uri): Promise<void> {
    const label = vscode.workspace.asRelativePath(uri);
    const file = this.#controller.createTestItem(uri.toString(), label, uri);
    try {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      const regressions = parseRegressions(text, label);
      const places = regressionPlaces(text);
      file.children.replace(
        regressions.map((regression, i) => {
          const item = this.#controller.createTestItem(String(i), regression.name, uri);
          const place = places[i];
          item.range = new vscode.Range(place.line, place.character, place.line, place.character);
          if (regression.name !== regression.query) item.description = regression.query;
          this.#tests.set(item, regression);
          return item;
        }),
      );
    } catch (error) {
      const isTheirs = error instanceof UserError || error instanceof vscode.FileSystemError;
      if (!isTheirs) throw error;
      file.error = messageOf(error);
    }
    this.#controller.items.add(file);
  }

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const wanted = request.include ?? [...this.#controller.items].map(([, item]) => item);
    const items = wanted.flatMap((item) => this.#leavesOf(item)).filter((item) => !request.exclude?.includes(item));
    const run = this.#controller.createTestRun(request);
    try {
      const checkpoint = await this.#parts.inUse.orAsk();
      if (!checkpoint) return;
      for (const item of items) run.enqueued(item);
      for (const item of items) {
        if (token.isCancellationRequested) run.skipped(item);
        else await this.#check(item, checkpoint, run, token);
      }
    } finally {
      run.end();
    }
  }

  #leavesOf(item: vscode.TestItem): vscode.TestItem[] {
    return this.#tests.has(item) ? [item] : [...item.children].flatMap(([, child]) => this.#leavesOf(child));
  }

  async #check(
    item: vscode.TestItem,
    checkpoint: NamedCheckpoint,
    run: vscode.TestRun,
    token: vscode.CancellationToken,
  ): Promise<void> {
    run.started(item);
    const began = performance.now();
    try {
      const ask = { ...checkpoint, test: this.#tests.get(item)! };
      const result = await this.#parts.worker.ask('regression', ask, abortSignalOf(token));
      const millis = performance.now() - began;
      run.appendOutput(`${result.test.query} → ${result.rewrite ?? `(${result.format})`}\r\n`, undefined, item);
      if (result.passed) run.passed(item, millis);
      else run.failed(item, failureOf(result, item), millis);
    } catch (error) {
      if (token.isCancellationRequested) run.skipped(item);
      else run.errored(item, new vscode.TestMessage(messageOf(error)));
      if (!(error instanceof UserError)) this.#parts.output.error(messageOf(error));
    }
  }
}

/** The reason first, which is all that a line has room for, then the rewrite and the ranking that it got. */
function failureOf(result: RegressionResult, { uri, range }: vscode.TestItem): vscode.TestMessage {
  const [reason, ...ranking] = failureLines(result);
  const rewrite = `${result.checkpoint}: ${result.test.query} → ${result.rewrite ?? ''}`;
  const message = new vscode.TestMessage([reason, '', rewrite, ...ranking].join('\n'));
  if (uri && range) message.location = new vscode.Location(uri, range);
  return message;
}

async function findFiles(): Promise<readonly vscode.Uri[]> {
  return vscode.workspace.findFiles(REGRESSION_FILES, '**/node_modules/**');
}
