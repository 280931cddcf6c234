/**
 * @file Rewrites where queries are written: a line above each query, or a hint behind it, and a hover with what both find. The
 * editor resolves only what is visible, and only near what is visible it is told of queries, so that a file may be long.
 */
import * as vscode from 'vscode';
import type { RewriteAnswer } from '../app/rewrite-answer.ts';
import { BoundedCache } from '../base/bounded-cache.ts';
import { messageOf, UserError } from '../base/errors.ts';
import type { CheckpointInUse } from './checkpoint-in-use.ts';
import { type PlacedQuery, queriesOf, rangeOf } from './placed-query.ts';
import { prepare } from './prepare.ts';
import { mayHoldQueries } from './query-file.ts';
import { hoverOf, lineOf } from './rewrite-text.ts';
import type { Rewrites } from './rewrites.ts';
import { inlineRewrites } from './settings.ts';
import { abortSignalOf } from './worker.ts';

/** Lines around the visible ones whose queries have a line above them, ready for scrolling. */
const MARGIN_LINES = 300;
/** So near its end the window of those lines is moved. */
const NEAR_LINES = 100;
/** Queries whose drawn sample is remembered. */
const REMEMBERED_SAMPLES = 1000;

const FILES: vscode.DocumentSelector = [{ scheme: 'file' }, { scheme: 'untitled' }];

interface LineWindow {
  readonly first: number;
  readonly last: number;
}

/** The line above a query that says its rewrite. */
class RewriteLens extends vscode.CodeLens {
  readonly placed: PlacedQuery;

  constructor(placed: PlacedQuery) {
    super(rangeOf(placed));
    this.placed = placed;
  }
}

export class InlineRewrites
  implements vscode.CodeLensProvider, vscode.InlayHintsProvider, vscode.HoverProvider, vscode.Disposable
{
  readonly #rewrites: Rewrites;
  readonly #inUse: CheckpointInUse;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly { dispose(): unknown }[];
  /** Which draw of a query is shown, where a person asked for another. */
  readonly #samples = new BoundedCache<number>(REMEMBERED_SAMPLES);
  /** Where queries were told of, by document. */
  readonly #windows = new Map<string, LineWindow>();
  /** What a person selected to have rewritten, by document, until that changes. */
  readonly #selected = new Map<string, readonly PlacedQuery[]>();

  constructor(rewrites: Rewrites, inUse: CheckpointInUse, log: vscode.LogOutputChannel) {
    this.#rewrites = rewrites;
    this.#inUse = inUse;
    this.#log = log;
    const refresh = (): void => {
      this.#changed.fire();
    };
    this.#subscriptions = [
      this.#changed,
      inUse.onDidChange(refresh),
      inUse.onDidOffer((likely) => void prepare(rewrites, likely, log)),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        const isAsked = editor && mayHoldQueries(editor.document.uri.path) && inlineRewrites() !== 'off';
        if (isAsked && inUse.current) void prepare(rewrites, inUse.current, log);
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('rec-r1.inlineRewrites')) refresh();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(refresh),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.#selected.delete(document.uri.toString());
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#windows.delete(uri.toString());
        this.#selected.delete(uri.toString());
      }),
      vscode.window.onDidChangeTextEditorVisibleRanges((event) => {
        if (this.#isNearEnd(event)) refresh();
      }),
      vscode.languages.registerCodeLensProvider(FILES, this),
      vscode.languages.registerInlayHintsProvider(FILES, this),
      vscode.languages.registerHoverProvider(FILES, this),
    ];
  }

  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly onDidChangeInlayHints = this.#changed.event;

  /** The rewrite of a query that is shown, or would be. Undefined when no checkpoint is in use. */
  async answerFor({ query }: PlacedQuery, signal?: AbortSignal): Promise<RewriteAnswer | undefined> {
    const current = this.#inUse.current;
    if (!current) return undefined;
    const sample = this.#samples.get(query);
    return this.#rewrites.get({ ...current, query, ...(sample !== undefined && { sample }) }, signal);
  }

  /** Shows another draw for a query from now on. */
  drawAnother({ query }: PlacedQuery): void {
    this.#samples.set(query, (this.#samples.get(query) ?? 0) + 1);
    this.#changed.fire();
  }

  /** Shows the rewrites of selected queries, whatever file they are in, until it changes. */
  showSelected(uri: vscode.Uri, queries: readonly PlacedQuery[]): void {
    this.#selected.set(uri.toString(), queries);
    this.#changed.fire();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const selected = this.#selected.get(document.uri.toString()) ?? [];
    const inFile = this.#isOn('codeLens', document) ? this.#nearVisible(document) : [];
    const queries = [...selected, ...inFile.filter(({ query }) => !selected.some((other) => other.query === query))];
    if (queries.length === 0 || !vscode.workspace.isTrusted) return [];
    if (!this.#inUse.current) return this.#inUse.isOffered ? [offer(queries[0])] : [];
    return queries.flatMap((placed) => [new RewriteLens(placed), ...actionsOn(placed)]);
  }

  async resolveCodeLens(lens: vscode.CodeLens, token: vscode.CancellationToken): Promise<vscode.CodeLens> {
    if (!(lens instanceof RewriteLens)) return lens;
    const { placed } = lens;
    const title = await this.#titleOf(placed, token);
    const tooltip = vscode.l10n.t('Compare what both find');
    lens.command = { title, tooltip, command: 'rec-r1.compareRewrite', arguments: [placed] };
    return lens;
  }

  async provideInlayHints(
    document: vscode.TextDocument,
    range: vscode.Range,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlayHint[]> {
    if (!this.#isOn('inlayHints', document) || !vscode.workspace.isTrusted || !this.#inUse.current) return [];
    const hints = queriesOf(document, range.start.line, range.end.line).map(async (placed) => {
      const { line } = placed.end;
      const hint = new vscode.InlayHint(document.lineAt(line).range.end, await this.#titleOf(placed, token));
      hint.paddingLeft = true;
      return hint;
    });
    return Promise.all(hints);
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const current = this.#inUse.current;
    if (!current || !vscode.workspace.isTrusted) return undefined;
    const selected = this.#selected.get(document.uri.toString()) ?? [];
    const isInFile = mayHoldQueries(document.uri.path) && inlineRewrites() !== 'off';
    const inFile = isInFile ? queriesOf(document, position.line, position.line) : [];
    const placed = [...selected, ...inFile].find((query) => rangeOf(query).contains(position));
    if (!placed) return undefined;
    const answer = await this.#answerOrProblem(placed, token);
    if (answer === undefined) return undefined;
    const text =
      typeof answer === 'string' ? new vscode.MarkdownString().appendText(answer) : hoverOf(placed, answer, current);
    return new vscode.Hover(text, rangeOf(placed));
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  #isOn(mode: ReturnType<typeof inlineRewrites>, document: vscode.TextDocument): boolean {
    return mayHoldQueries(document.uri.path) && inlineRewrites() === mode;
  }

  async #titleOf(placed: PlacedQuery, token: vscode.CancellationToken): Promise<string> {
    const answer = await this.#answerOrProblem(placed, token);
    if (answer === undefined) return '';
    return typeof answer === 'string' ? `$(warning) ${answer}` : lineOf(answer, this.#samples.get(placed.query));
  }

  /** What went wrong belongs where the answer would be: a message for each visible line would be in the way. */
  async #answerOrProblem(
    placed: PlacedQuery,
    token: vscode.CancellationToken,
  ): Promise<RewriteAnswer | string | undefined> {
    try {
      return await this.answerFor(placed, abortSignalOf(token));
    } catch (error) {
      if (token.isCancellationRequested) return undefined;
      if (!(error instanceof UserError)) this.#log.error(error instanceof Error ? error : messageOf(error));
      return messageOf(error);
    }
  }

  #nearVisible(document: vscode.TextDocument): readonly PlacedQuery[] {
    const visible = vscode.window.visibleTextEditors
      .filter((editor) => editor.document === document)
      .flatMap(({ visibleRanges }) => visibleRanges);
    const first = Math.max(0, Math.min(...visible.map(({ start }) => start.line), Infinity) - MARGIN_LINES);
    const last = Math.max(...visible.map(({ end }) => end.line), 0) + MARGIN_LINES;
    const window = visible.length > 0 ? { first, last } : { first: 0, last: MARGIN_LINES };
    this.#windows.set(document.uri.toString(), window);
    return queriesOf(document, window.first, window.last);
  }

  #isNearEnd({ textEditor, visibleRanges }: vscode.TextEditorVisibleRangesChangeEvent): boolean {
    const { document } = textEditor;
    const window = this.#windows.get(document.uri.toString());
    if (!window) return false;
    return visibleRanges.some(
      ({ start, end }) =>
        Math.max(0, start.line - NEAR_LINES) < window.first ||
        Math.min(document.lineCount - 1, end.line + NEAR_LINES) > window.last,
    );
  }
}

function offer(placed: PlacedQuery): vscode.CodeLens {
  const title = `$(sparkle) ${vscode.l10n.t('Show what a checkpoint makes of these queries…')}`;
  return new vscode.CodeLens(rangeOf(placed), { title, command: 'rec-r1.chooseCheckpoint' });
}

function actionsOn(placed: PlacedQuery): vscode.CodeLens[] {
  const actions = [
    ['rec-r1.acceptRewrite', vscode.l10n.t('Accept'), vscode.l10n.t('Put the rewrite in the place of the query')],
    ['rec-r1.copyRewrite', vscode.l10n.t('Copy'), vscode.l10n.t('Copy the rewrite')],
    ['rec-r1.anotherRewrite', vscode.l10n.t('Another'), vscode.l10n.t('Draw another rewrite')],
  ] as const;
  return actions.map(
    ([command, title, tooltip]) =>
      new vscode.CodeLens(rangeOf(placed), { title, tooltip, command, arguments: [placed] }),
  );
}
