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
import { regressionPlaces } from './regression-places.ts';
import type { NamedCheckpoint } from './rewrites.ts';
import { abortSignalOf } from './worker.ts';

interface Parts {
  readonly inUse: CheckpointInUse;
  readonly worker: WorkerClient;
  readonly output: vscode.LogOutputChannel;
}

export class RegressionTests implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #controller = vscode.tests.createTestController('rec-r1', vscode.l10n.t('Rec-R1 Rewrites'));
  readonly #tests = new WeakMap<vscode.TestItem, Regression>();
  readonly #subscriptions: readonly { dispose(): unknown }[];

  constructor(parts: Parts) {
    this.#parts = parts;
    const files = vscode.workspace.createFileSystemWatcher(REGRESSION_FILES);
    const read = (uri: vscode.Uri): void => void this.#readFile(uri);
    this.#controller.resolveHandler = (item) => (item?.uri ? this.#readFile(item.uri) : this.#findAll());
    this.#controller.refreshHandler = () => this.#findAll();
    this.#subscriptions = [
      this.#controller,
      this.#controller.createRunProfile(
        vscode.l10n.t('Checkpoint in Use'),
        vscode.TestRunProfileKind.Run,
        (request, token) => this.#run(request, token),
        true,
      ),
      files,
      files.onDidCreate(read),
      files.onDidChange(read),
      files.onDidDelete((uri) => {
        this.#controller.items.delete(uri.toString());
      }),
      // The editor asks for tests when its view of them opens; beside an open file they are wanted before.
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (isTestFile(document)) read(document.uri);
      }),
    ];
    for (const document of vscode.workspace.textDocuments) if (isTestFile(document)) read(document.uri);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #findAll(): Promise<void> {
    const found = await vscode.workspace.findFiles(REGRESSION_FILES, '**/node_modules/**');
    await Promise.all(found.map((uri) => this.#readFile(uri)));
  }

  async #readFile(uri: vscode.Uri): Promise<void> {
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
      if (!(error instanceof UserError)) throw error;
      file.error = messageOf(error);
    }
    this.#controller.items.add(file);
  }

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    if (this.#controller.items.size === 0) await this.#findAll();
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

/** The editor shows what was wanted and what was got side by side. */
function failureOf(result: RegressionResult, { uri, range }: vscode.TestItem): vscode.TestMessage {
  const { test, rewrite, checkpoint } = result;
  const [reason, ...ranking] = failureLines(result);
  const wanted =
    test.need === 'any'
      ? vscode.l10n.t('One of these in the first {0}:', test.k)
      : vscode.l10n.t('All of these in the first {0}:', test.k);
  const message = vscode.TestMessage.diff(
    `${reason}\n${checkpoint}: ${rewrite ?? ''}`,
    [wanted, ...test.documents].join('\n'),
    ranking.join('\n'),
  );
  if (uri && range) message.location = new vscode.Location(uri, range);
  return message;
}

function isTestFile(document: vscode.TextDocument): boolean {
  return vscode.languages.match({ scheme: 'file', pattern: REGRESSION_FILES }, document) > 0;
}
