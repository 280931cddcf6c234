/**
 * @file The playground: a panel where somebody types a query and sees what several checkpoints make of it. It keeps which
 * checkpoints are shown; what they answer is asked of the question worker, never of a running training.
 */
import * as vscode from 'vscode';
import type { Asked, FromPlayground, NamedPolicy, Policy, ToPlayground } from '../../webview/playground-protocol.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { listRun } from '../runs/reader.ts';
import { reporting } from './notify.ts';
import { panelHtml } from './panel-html.ts';
import { prepare } from './prepare.ts';
import type { Rewrites } from './rewrites.ts';
import type { Runs } from './runs.ts';

const PANEL_TYPE = 'rec-r1.playground';

interface Parts {
  readonly output: vscode.LogOutputChannel;
  readonly runs: Runs;
  readonly rewrites: Rewrites;
}

export class Playground implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #context: vscode.ExtensionContext;
  readonly #parts: Parts;
  readonly #serializer: vscode.Disposable;
  #panel: vscode.WebviewPanel | undefined;
  #policies: readonly NamedPolicy[] = [];
  #asking = new AbortController();

  constructor(context: vscode.ExtensionContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this);
  }

  /** Shows the panel; at first with the start policy and the newest checkpoint of the newest run. */
  open(): void {
    if (this.#panel) this.#panel.reveal();
    else this.#adopt(vscode.window.createWebviewPanel(PANEL_TYPE, 'Rec-R1', vscode.ViewColumn.Active));
  }

  /** After a reload of the window. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#adopt(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.#asking.abort();
    this.#serializer.dispose();
    this.#panel?.dispose();
  }

  #adopt(panel: vscode.WebviewPanel): void {
    this.#panel = panel;
    const dist = vscode.Uri.joinPath(this.#context.extensionUri, 'dist');
    panel.title = vscode.l10n.t('Try a Query');
    panel.iconPath = vscode.Uri.joinPath(this.#context.extensionUri, 'media', 'icon.svg');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.webview.onDidReceiveMessage((message: FromPlayground) =>
      reporting(this.#parts.output, () => this.#receive(message)),
    );
    panel.onDidDispose(() => {
      this.#asking.abort();
      this.#panel = undefined;
    });
    panel.webview.html = panelHtml(panel.webview, dist, { name: 'playground' });
  }

  async #receive(message: FromPlayground): Promise<void> {
    switch (message.kind) {
      case 'ready':
        if (message.policies) this.#policies = message.policies.flatMap(named);
        else if (this.#policies.length === 0) this.#policies = this.#firstPolicies();
        this.#sendPolicies();
        return;
      case 'add':
        await this.#add();
        return;
      case 'remove':
        this.#policies = this.#policies.filter((policy) => !isSame(policy, message.policy));
        this.#sendPolicies();
        return;
      case 'ask':
        await this.#ask(message.asked);
        return;
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
    }
  }

  /** One after another, as the worker answers; a new question ends those to the one before. */
  async #ask({ id, query, sample }: Asked): Promise<void> {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    for (const { runDir, checkpoint } of this.#policies) {
      const policy = { runDir, checkpoint };
      try {
        const wanted = { ...policy, query, ...(sample !== null && { sample }) };
        const answer = await this.#parts.rewrites.get(wanted, asking.signal);
        this.#send({ kind: 'answer', id, policy, answer });
      } catch (error) {
        if (asking.signal.aborted) return;
        this.#send({ kind: 'failed', id, policy, message: messageOf(error) });
        if (!(error instanceof UserError)) throw error;
      }
    }
  }

  async #add(): Promise<void> {
    const all = this.#parts.runs.list().flatMap((listing) => (listing.kind === 'run' ? policiesOf(listing) : []));
    const others = all.filter((policy) => !this.#policies.some((shown) => isSame(shown, policy)));
    if (others.length === 0) {
      const message = vscode.l10n.t('No run in {0} has another checkpoint.', this.#parts.runs.folder());
      await vscode.window.showInformationMessage(message);
      return;
    }
    const items = others.map((policy) => ({ label: policy.checkpoint, description: policy.run, policy }));
    const title = vscode.l10n.t('Which checkpoint should rewrite too?');
    const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
    if (!picked) return;
    this.#policies = [...this.#policies, picked.policy];
    this.#sendPolicies();
  }

  #firstPolicies(): readonly NamedPolicy[] {
    const newest = this.#parts.runs.list().find(({ kind }) => kind === 'run');
    const policies = newest?.kind === 'run' ? policiesOf(newest) : []; // the newest first
    return policies.length < 2 ? policies : [policies[policies.length - 1], policies[0]];
  }

  /** What they rewrite is asked next, so they are opened while the person types. */
  #sendPolicies(): void {
    this.#send({ kind: 'policies', policies: this.#policies });
    for (const policy of this.#policies) void prepare(this.#parts.rewrites, policy, this.#parts.output);
  }

  #send(message: ToPlayground): void {
    void this.#panel?.webview.postMessage(message);
  }
}

type ReadableRun = Extract<ReturnType<typeof listRun>, { readonly kind: 'run' }>;

/** Those of a run, the newest first. */
function policiesOf({ info, checkpoints }: ReadableRun): NamedPolicy[] {
  const { dir: runDir, name: run, taskName: task } = info;
  return checkpoints.map(({ name: checkpoint }) => ({ runDir, checkpoint, run, task })).reverse();
}

/** What is remembered of a policy, with its names, if it is still there. */
function named(policy: Policy): NamedPolicy[] {
  const listing = listRun(policy.runDir);
  return listing.kind === 'run' ? policiesOf(listing).filter((found) => isSame(found, policy)) : [];
}

function isSame(a: Policy, b: Policy): boolean {
  return a.runDir === b.runDir && a.checkpoint === b.checkpoint;
}
