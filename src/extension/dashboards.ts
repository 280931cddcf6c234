/**
 * @file The panels, one for each run. Each shows what its run folder says; what a person chose in one is remembered, so it can be
 * closed, hidden or restored after a reload of the window at any time.
 */
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { FromPanel, QueryPair, SavedPanel, ToPanel } from '../../webview/protocol.ts';
import { BoundedCache } from '../base/bounded-cache.ts';
import { messageOf, UserError } from '../base/errors.ts';
import type { RunInfo } from '../runs/records.ts';
import type { WorkerClient } from '../worker/client.ts';
import type { Compared } from './compared.ts';
import {
  chooseAnother,
  chooseComparison,
  compare,
  type Comparers,
  type ChosenComparison,
  comparedBefore,
} from './comparison.ts';
import { saveReport } from './comparison-report.ts';
import { reporting } from './notify.ts';
import { panelHtml } from './panel-html.ts';
import { PanelFeed } from './panel-feed.ts';
import { showRankings } from './ranking-documents.ts';
import { runName, type Runs } from './runs.ts';
import type { Training } from './training.ts';

const PANEL_TYPE = 'rec-r1.dashboard';
/** Where the workspace keeps what panels showed when they were closed, the panel of a run that was closed last at the end. */
const MEMENTO = 'rec-r1.panels';
const REMEMBERED_PANELS = 50;
const KEPT_EXPLANATIONS = 30;

interface Parts extends Comparers {
  readonly output: vscode.LogOutputChannel;
  readonly runs: Runs;
  readonly training: Training;
  /** For questions that should not wait for a comparison. */
  readonly quick: WorkerClient;
}

/** What a panel is made for. */
interface Shown {
  readonly dir: string;
  /** What the person chose in the run's last panel, where VS Code itself remembers nothing. */
  readonly saved?: SavedPanel | undefined;
  /** False for one that the editor restores: such a page asks by itself. */
  readonly isNew: boolean;
}

export class Dashboards implements vscode.Disposable, vscode.WebviewPanelSerializer<SavedPanel> {
  readonly #context: vscode.ExtensionContext;
  readonly #parts: Parts;
  readonly #panels = new Map<string, Dashboard>();
  readonly #subscription: vscode.Disposable;

  constructor(context: vscode.ExtensionContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
    this.#subscription = vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this);
  }

  /** Shows the run's panel, the one that is open or a new one. */
  open(dir: string): void {
    const existing = this.#panels.get(dir);
    if (existing) {
      existing.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(PANEL_TYPE, runName(dir), vscode.ViewColumn.Active);
    const saved = this.#remembered().find((panelOf) => panelOf.dir === dir);
    this.#adopt(panel, { dir, saved, isNew: true });
  }

  /** Closes the panel of a run that will be gone, where one is open, and remembers nothing of it. */
  forget(dir: string): void {
    this.#panels.get(dir)?.dispose();
    this.#remember(this.#remembered().filter((saved) => saved.dir !== dir));
  }

  /** Asks which checkpoints, but for a judged one that is known, then shows the comparison in the run's panel. */
  async compare(dir: string, judged?: string): Promise<void> {
    const chosen = await chooseComparison(dir, this.#parts.runs, judged);
    if (!chosen) return;
    this.open(dir);
    await this.#panels.get(dir)?.compare(chosen);
  }

  /** After a reload of the window. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: SavedPanel | undefined): Promise<void> {
    if (typeof saved?.dir === 'string') this.#adopt(panel, { dir: saved.dir, isNew: false });
    else panel.dispose(); // it was closed before it could say what it showed
    return Promise.resolve();
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const panel of this.#panels.values()) panel.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, shown: Shown): void {
    const { dir } = shown;
    const dashboard = new Dashboard(panel, shown, this.#context, this.#parts);
    this.#panels.set(dir, dashboard);
    panel.onDidDispose(() => {
      this.#panels.delete(dir);
      const others = this.#remembered().filter((other) => other.dir !== dir);
      if (dashboard.saved) this.#remember([...others, dashboard.saved].slice(-REMEMBERED_PANELS));
    });
  }

  #remembered(): readonly SavedPanel[] {
    return this.#context.workspaceState.get<readonly SavedPanel[]>(MEMENTO, []);
  }

  #remember(panels: readonly SavedPanel[]): void {
    void this.#context.workspaceState.update(MEMENTO, panels);
  }
}

/** One panel: hands the run folder's content over while it is visible, and the person's wishes to the commands. */
class Dashboard {
  readonly #panel: vscode.WebviewPanel;
  readonly #dir: string;
  readonly #comparers: Comparers;
  readonly #quick: WorkerClient;
  readonly #output: vscode.LogOutputChannel;
  readonly #runs: Runs;
  readonly #feed: PanelFeed;
  #compared: Compared | undefined;
  /** Dear to make, and told again when the panel was hidden. */
  readonly #explanations = new BoundedCache<ToPanel>(KEPT_EXPLANATIONS);
  /** What the person chose in it last. */
  saved: SavedPanel | undefined;

  constructor(
    panel: vscode.WebviewPanel,
    { dir, saved, isNew }: Shown,
    context: vscode.ExtensionContext,
    parts: Parts,
  ) {
    this.#panel = panel;
    this.#dir = dir;
    this.saved = saved;
    this.#comparers = parts;
    this.#quick = parts.quick;
    this.#output = parts.output;
    this.#runs = parts.runs;
    this.#feed = new PanelFeed(dir, {
      send: (message) => void panel.webview.postMessage(message),
      isStarting: () => parts.training.isOurs(dir),
    });
    const dist = vscode.Uri.joinPath(context.extensionUri, 'dist');
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, 'media', 'icon.svg');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const subscriptions = [
      panel.webview.onDidReceiveMessage((message: FromPanel) => {
        this.#receive(message);
      }),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#feed.stop(); // shown again, the page loads anew and says that it is ready
      }),
      parts.training.onDidEnd(({ dir: ended, reason }) => {
        if (ended === dir && reason !== null) this.#feed.processEnded(reason);
      }),
    ];
    panel.webview.html = panelHtml(panel.webview, dist, {
      name: 'webview',
      data: { dir, ...(saved && { saved: JSON.stringify(saved) }) },
    });
    // The editor prepares the page meanwhile, and keeps what is said by then until its script listens.
    const telling = setImmediate(() => {
      if (isNew) this.#feed.tellEarly();
    });
    panel.onDidDispose(() => {
      clearImmediate(telling);
      this.#feed.stop();
      vscode.Disposable.from(...subscriptions).dispose();
    });
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  async compare(chosen: ChosenComparison): Promise<void> {
    const compared = await compare(chosen, this.#dir, this.#comparers, (message) => {
      this.#feed.sendLasting(message);
    });
    if (compared) this.#show(compared);
  }

  #show(compared: Compared): void {
    this.#compared = compared;
    this.#feed.sendLasting({ kind: 'comparison', ...compared.result });
  }

  async #compareAnother(): Promise<void> {
    const chosen = this.#compared && (await chooseAnother(this.#dir, this.#runs, this.#compared.result.chosen));
    if (chosen) await this.compare(chosen);
  }

  /** Without a model, whatever it takes: nobody asked just now. */
  async #compareAgain(chosen: ChosenComparison): Promise<void> {
    if (this.#compared) return; // told already, as when the panel was hidden
    try {
      this.#show(await comparedBefore(chosen, this.#dir, this.#comparers));
    } catch (error) {
      this.#tell({ kind: 'comparison-failed', message: messageOf(error) });
      if (!(error instanceof UserError)) throw error;
    }
  }

  #receive(message: FromPanel): void {
    const command = (name: string): void => {
      void vscode.commands.executeCommand(name, this.#dir);
    };
    switch (message.kind) {
      case 'ready':
        this.#feed.start(message.known);
        for (const explanation of this.#explanations.values()) this.#tell(explanation);
        return;
      case 'groups':
        this.#feed.sendGroups(message.step);
        return;
      case 'titles':
        this.#feed.sendTitles(message.ids);
        return;
      case 'rows':
        this.#feed.sendRows(message.evaluation);
        return;
      case 'trace':
        this.#feed.sendTrace(message);
        return;
      case 'list-runs':
        this.#tell({ kind: 'runs', runs: this.#otherRuns() });
        return;
      case 'overlay':
        this.#feed.overlay(message.dirs);
        return;
      case 'explain':
        void this.#explain(message.pair);
        return;
      case 'documents':
        void this.#sendDocuments(message.ids);
        return;
      case 'open-diff':
        void reporting(this.#output, () => showRankings(message.before, message.after));
        return;
      case 'control':
        command(
          { pause: 'rec-r1.pauseTraining', resume: 'rec-r1.resumeTraining', stop: 'rec-r1.stopTraining' }[
            message.action
          ],
        );
        return;
      case 'compare':
        command('rec-r1.compareCheckpoints');
        return;
      case 'compare-another':
        void reporting(this.#output, () => this.#compareAnother());
        return;
      case 'compare-again':
        void reporting(this.#output, () => this.#compareAgain(message.chosen));
        return;
      case 'compared-metrics':
        void reporting(this.#output, async () => {
          const metrics = (await this.#compared?.metrics(message.b, this.#comparers.statisticsOf)) ?? [];
          this.#tell({ kind: 'compared-metrics', b: message.b, metrics });
        });
        return;
      case 'compared-lists':
        void reporting(this.#output, () => {
          const lists = this.#compared?.lists(message.b, message.exampleId);
          if (lists) this.#tell({ kind: 'compared-lists', ...lists });
        });
        return;
      case 'report':
        void reporting(this.#output, () => this.#compared && saveReport(this.#dir, this.#compared.comparisons));
        return;
      case 'show-log':
        command('rec-r1.showWorkerLog');
        return;
      case 'remember':
        this.saved = message.saved;
        return;
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        return;
      case 'save':
        void reporting(this.#output, () => saveText(this.#dir, message.name, message.text));
        return;
      default:
        message satisfies never;
    }
  }

  #tell(message: ToPanel): void {
    void this.#panel.webview.postMessage(message);
  }

  #otherRuns(): readonly RunInfo[] {
    const runs = this.#runs.list().flatMap((item) => (item.kind === 'run' ? [item.info] : []));
    return runs.filter(({ dir }) => dir !== this.#dir);
  }

  #explain(pair: QueryPair): Promise<void> {
    const explained = async (): Promise<ToPanel> => {
      const explanation = await this.#quick.ask('explain', { runDir: this.#dir, ...pair });
      const message = { kind: 'explanation', pair, explanation } as const;
      this.#explanations.set(JSON.stringify(pair), message);
      return message;
    };
    return this.#answer(explained, (message) => ({ kind: 'explanation-failed', pair, message }));
  }

  #sendDocuments(ids: readonly string[]): Promise<void> {
    const found = async (): Promise<ToPanel> => {
      const fields = await this.#quick.ask('documents', { runDir: this.#dir, ids });
      return { kind: 'documents', ids, fields };
    };
    return this.#answer(found, (message) => ({ kind: 'documents-failed', ids, message }));
  }

  /** Tells the panel an answer, or in its place why there is none; what nobody foresaw goes into the log too. */
  async #answer(answer: () => Promise<ToPanel>, failed: (message: string) => ToPanel): Promise<void> {
    try {
      this.#tell(await answer());
    } catch (error) {
      this.#tell(failed(messageOf(error)));
      if (!(error instanceof UserError)) this.#output.error(error instanceof Error ? error : String(error));
    }
  }
}

/** Asks where to, with the run's folder as the first suggestion. */
async function saveText(dir: string, name: string, text: string): Promise<void> {
  const uri = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.file(join(dir, name)) });
  if (uri) await vscode.workspace.fs.writeFile(uri, Buffer.from(text, 'utf8'));
}
