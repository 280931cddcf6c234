/** @file The activity bar's view: runs, under each its checkpoints. It reads only while it is visible. */
import * as vscode from 'vscode';
import type { RunListing } from '../runs/reader.ts';
import type { CheckpointEntry, RunInfo } from '../runs/records.ts';
import type { RunState } from '../runs/events.ts';
import type { Runs } from './runs.ts';

/** A row of the view; commands of the context menus get it as their argument. */
export type RunItem =
  | { readonly kind: 'run'; readonly info: RunInfo; readonly checkpoints: readonly CheckpointEntry[] }
  | { readonly kind: 'checkpoint'; readonly runDir: string; readonly checkpoint: CheckpointEntry }
  | Extract<RunListing, { readonly kind: 'unreadable' }>;

const ICONS: Readonly<Record<RunState, vscode.ThemeIcon>> = {
  running: new vscode.ThemeIcon('sync~spin', new vscode.ThemeColor('charts.blue')),
  paused: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('descriptionForeground')),
  stopped: new vscode.ThemeIcon('debug-stop', new vscode.ThemeColor('descriptionForeground')),
  finished: new vscode.ThemeIcon('pass', new vscode.ThemeColor('charts.green')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('errorForeground')),
};

export class RunsView implements vscode.TreeDataProvider<RunItem>, vscode.Disposable {
  readonly #runs: Runs;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly { dispose(): unknown }[];

  constructor(runs: Runs) {
    this.#runs = runs;
    const view = vscode.window.createTreeView('rec-r1.runs', { treeDataProvider: this, showCollapseAll: true });
    const visible = view.onDidChangeVisibility((event) => {
      if (event.visible) this.#changed.fire();
    });
    const changed = runs.onDidChange(() => {
      this.#changed.fire();
    });
    // Runs that the command line makes or somebody deletes while the view is open.
    const folder = new vscode.RelativePattern(vscode.Uri.file(runs.folder()), '*/run.sqlite');
    const files = vscode.workspace.createFileSystemWatcher(folder, false, true, false);
    const refresh = (): void => {
      this.#changed.fire();
    };
    files.onDidCreate(refresh);
    files.onDidDelete(refresh);
    this.#subscriptions = [view, visible, changed, files, this.#changed];
  }

  readonly onDidChangeTreeData = this.#changed.event;

  getChildren(item?: RunItem): RunItem[] {
    if (!item) return [...this.#runs.list()];
    if (item.kind !== 'run') return [];
    const runDir = item.info.dir;
    return item.checkpoints.toReversed().map((checkpoint) => ({ kind: 'checkpoint', runDir, checkpoint }));
  }

  getTreeItem(item: RunItem): vscode.TreeItem {
    switch (item.kind) {
      case 'run':
        return runTreeItem(item.info, item.checkpoints.length);
      case 'checkpoint':
        return checkpointTreeItem(item.checkpoint);
      case 'unreadable':
        return unreadableTreeItem(item);
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

function runTreeItem(info: RunInfo, checkpoints: number): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(info.name, checkpoints > 0 ? Collapsed : None);
  item.id = info.dir;
  item.contextValue = `run.${info.state}`;
  item.iconPath = ICONS[info.state];
  item.description = `${info.step}/${info.totalSteps}`;
  item.tooltip = [
    vscode.l10n.t('{0}, {1}', info.taskName, info.state),
    new Date(info.startedAt).toLocaleString(),
    info.dir,
    info.message ?? '',
  ]
    .filter((line) => line !== '')
    .join('\n');
  item.accessibilityInformation = {
    label: vscode.l10n.t('Run {0}, {1}, step {2} of {3}', info.name, info.state, info.step, info.totalSteps),
  };
  item.command = {
    command: 'rec-r1.openDashboard',
    title: vscode.l10n.t('Open Dashboard'),
    arguments: [info.dir],
  };
  return item;
}

function checkpointTreeItem(checkpoint: CheckpointEntry): vscode.TreeItem {
  const item = new vscode.TreeItem(checkpoint.name);
  item.id = checkpoint.dir;
  item.contextValue = 'checkpoint';
  item.iconPath = new vscode.ThemeIcon('save');
  item.description =
    checkpoint.step === 0 ? vscode.l10n.t('start policy') : vscode.l10n.t('after step {0}', checkpoint.step);
  item.tooltip = checkpoint.dir;
  return item;
}

function unreadableTreeItem({ dir, message }: Extract<RunItem, { kind: 'unreadable' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.Uri.file(dir));
  item.contextValue = 'unreadable';
  item.iconPath = new vscode.ThemeIcon('warning');
  item.description = vscode.l10n.t('cannot be read');
  item.tooltip = message;
  return item;
}
