/** @file The activity bar's view: runs, their checkpoints, and what those scored. It reads only while it is visible. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { openRunReader, type RunListing } from '../runs/reader.ts';
import type { CheckpointEntry, RecordedEvaluation, RunInfo } from '../runs/records.ts';
import type { RunState } from '../runs/events.ts';
import { change, decimal, stateName, timeText } from './language.ts';
import type { Runs } from './runs.ts';

/** A row of the view; commands of the context menus get it as their argument. */
export type RunItem =
  | { readonly kind: 'run'; readonly info: RunInfo; readonly checkpoints: readonly CheckpointEntry[] }
  | {
      readonly kind: 'checkpoint';
      readonly runDir: string;
      readonly checkpoint: CheckpointEntry;
      /** Of its step, oldest first. */
      readonly evaluations: readonly RecordedEvaluation[];
    }
  | {
      readonly kind: 'evaluation';
      readonly runDir: string;
      readonly evaluation: RecordedEvaluation;
      /** Whether it is a row under its checkpoint. */
      readonly isOfCheckpoint: boolean;
    }
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
  /** The runs of the rows, as text. */
  #shown = '';

  constructor(runs: Runs) {
    this.#runs = runs;
    const view = vscode.window.createTreeView('rec-r1.runs', { treeDataProvider: this, showCollapseAll: true });
    const refresh = (): void => {
      if (!view.visible || this.#isOther()) this.#changed.fire();
    };
    // Runs that the command line makes or somebody deletes while the view is open.
    const files = vscode.workspace.createFileSystemWatcher(runFiles(runs.folder()), false, true, false);
    files.onDidCreate(refresh);
    files.onDidDelete(refresh);
    const visible = view.onDidChangeVisibility((event) => {
      if (event.visible) refresh();
    });
    this.#subscriptions = [view, visible, runs.onDidChange(refresh), files, this.#changed];
  }

  readonly onDidChangeTreeData = this.#changed.event;

  getChildren(item?: RunItem): RunItem[] {
    if (!item) {
      const listings = this.#runs.list();
      this.#shown = JSON.stringify(listings);
      return [...listings];
    }
    switch (item.kind) {
      case 'run':
        return childrenOf(item.info.dir, item.checkpoints);
      case 'checkpoint':
        return item.evaluations.map((evaluation) => evaluationItem(item.runDir, evaluation, true));
      case 'evaluation':
      case 'unreadable':
        return [];
    }
  }

  getTreeItem(item: RunItem): vscode.TreeItem {
    switch (item.kind) {
      case 'run':
        return runTreeItem(item.info, item.checkpoints.length);
      case 'checkpoint':
        return checkpointTreeItem(item);
      case 'evaluation':
        return evaluationTreeItem(item);
      case 'unreadable':
        return unreadableTreeItem(item);
    }
  }

  /** While the editor reads rows anew it has none that a command could be given, so they are read when they have changed. */
  #isOther(): boolean {
    return JSON.stringify(this.#runs.list()) !== this.#shown;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

/** From the workspace folder on, where runs lie in one: a folder that is yet to be made is not watched for itself. */
function runFiles(folder: string): vscode.RelativePattern {
  const uri = vscode.Uri.file(folder);
  const workspaceFolder = vscode.workspace.getWorkspaceFolder(uri);
  const files = '{*,*/run.sqlite}'; // of a deleted folder no file is told
  if (!workspaceFolder) return new vscode.RelativePattern(uri, files);
  const inside = relative(workspaceFolder.uri.fsPath, folder).replaceAll('\\', '/');
  return new vscode.RelativePattern(workspaceFolder, inside === '' ? files : `${inside}/${files}`);
}

function runTreeItem(info: RunInfo, checkpoints: number): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(info.name, checkpoints > 0 ? Collapsed : None);
  item.id = info.dir;
  item.contextValue = `run.${info.state}`;
  item.iconPath = ICONS[info.state];
  item.description = `${info.step}/${info.totalSteps}`;
  item.tooltip = [`${info.taskName}, ${stateName(info.state)}`, timeText(info.startedAt), info.dir, info.message ?? '']
    .filter((line) => line !== '')
    .join('\n');
  item.accessibilityInformation = {
    label: vscode.l10n.t('Run {0}, {1}, step {2} of {3}', info.name, stateName(info.state), info.step, info.totalSteps),
  };
  item.command = {
    command: 'rec-r1.openDashboard',
    title: vscode.l10n.t('Open Dashboard'),
    arguments: [info.dir],
  };
  return item;
}

/** Checkpoints, newest first, then evaluations of weights that no checkpoint kept. */
function childrenOf(runDir: string, checkpoints: readonly CheckpointEntry[]): RunItem[] {
  const evaluations = evaluationsOf(runDir);
  const kept = checkpoints.toReversed().map((checkpoint): RunItem => {
    return {
      kind: 'checkpoint',
      runDir,
      checkpoint,
      evaluations: evaluations.filter(({ step }) => step === checkpoint.step),
    };
  });
  const steps = new Set(checkpoints.map(({ step }) => step));
  const others = evaluations.filter(({ step }) => !steps.has(step)).toReversed();
  return [...kept, ...others.map((evaluation) => evaluationItem(runDir, evaluation, false))];
}

function evaluationItem(runDir: string, evaluation: RecordedEvaluation, isOfCheckpoint: boolean): RunItem {
  return { kind: 'evaluation', runDir, evaluation, isOfCheckpoint };
}

function evaluationsOf(runDir: string): readonly RecordedEvaluation[] {
  const reader = openRunReader(runDir);
  try {
    return reader.evaluations();
  } finally {
    reader.close();
  }
}

function checkpointTreeItem({ checkpoint, evaluations }: Extract<RunItem, { kind: 'checkpoint' }>): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(checkpoint.name, evaluations.length > 0 ? Collapsed : None);
  item.id = checkpoint.dir;
  item.contextValue = 'checkpoint';
  item.iconPath = new vscode.ThemeIcon('save');
  const age = checkpoint.step === 0 ? vscode.l10n.t('start policy') : vscode.l10n.t('after step {0}', checkpoint.step);
  const newest = evaluations.findLast(({ split }) => split === 'validation') ?? evaluations.at(-1);
  item.description = newest ? mainFigure(newest) : age;
  item.tooltip = `${age}\n${checkpoint.dir}`;
  return item;
}

function evaluationTreeItem({
  runDir,
  evaluation,
  isOfCheckpoint,
}: Extract<RunItem, { kind: 'evaluation' }>): vscode.TreeItem {
  const { split, step, metrics, baseline } = evaluation;
  const item = new vscode.TreeItem(isOfCheckpoint ? split : vscode.l10n.t('{0} after step {1}', split, step));
  item.id = `${runDir}/${evaluation.id}`;
  item.contextValue = 'evaluation';
  item.iconPath = new vscode.ThemeIcon('checklist');
  item.description = mainFigure(evaluation);
  const before = (name: string): string =>
    Object.hasOwn(baseline, name) ? vscode.l10n.t(' ({0} as typed)', decimal(baseline[name], 4)) : '';
  item.tooltip = Object.entries(metrics)
    .map(([name, value]) => `${name}: ${decimal(value, 4)}${before(name)}`)
    .join('\n');
  item.command = { command: 'rec-r1.openDashboard', title: vscode.l10n.t('Open Dashboard'), arguments: [runDir] };
  return item;
}

/** `0.712 +0.301 NDCG@10`: the gain is over the queries as typed. What a narrow side bar cuts off is at the end. */
function mainFigure({ metrics, baseline }: RecordedEvaluation): string {
  const name = Object.keys(metrics).find((metric) => metric.startsWith('ndcg@'));
  if (name === undefined) return '';
  const gain = metrics[name] - (baseline[name] ?? NaN);
  const difference = Number.isFinite(gain) ? ` ${change(gain, 3)}` : '';
  return `${decimal(metrics[name], 3)}${difference} ${name.toUpperCase()}`;
}

function unreadableTreeItem({ dir, message }: Extract<RunItem, { kind: 'unreadable' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.Uri.file(dir));
  item.contextValue = 'unreadable';
  item.iconPath = new vscode.ThemeIcon('warning');
  item.description = vscode.l10n.t('cannot be read');
  item.tooltip = message;
  return item;
}
