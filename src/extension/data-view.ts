/**
 * @file The view of what is trained on and searched: task folders of the workspace, and the indexes and vectors that are kept
 * in the cache folder, all with their sizes. It looks only while it is visible.
 */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { cacheFolder } from '../base/cache-folder.ts';
import { filesUnder, type KeptFile, keptFiles, type StoredFile } from '../data/stored-files.ts';
import { count, sizeText, timeText } from './language.ts';

/** A row of the view; commands of the context menus get it as their argument. */
export type DataItem =
  | { readonly kind: 'group'; readonly label: string; readonly items: readonly DataItem[] }
  | { readonly kind: 'task'; readonly dir: string; readonly files: readonly StoredFile[] }
  | { readonly kind: 'task-file'; readonly file: StoredFile }
  | { readonly kind: 'kept'; readonly file: KeptFile };

const TASK_FILES = '**/corpus.{jsonl,jsonl.gz}';
const ELSEWHERE = '**/{node_modules,checkpoints}/**';
const MAX_TASKS = 200;

export class DataView implements vscode.TreeDataProvider<DataItem>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly { dispose(): unknown }[];

  constructor() {
    const view = vscode.window.createTreeView('rec-r1.data', { treeDataProvider: this, showCollapseAll: true });
    const files = vscode.workspace.createFileSystemWatcher(TASK_FILES);
    const refresh = (): void => {
      this.refresh();
    };
    this.#subscriptions = [
      view,
      files,
      this.#changed,
      files.onDidCreate(refresh),
      files.onDidChange(refresh),
      files.onDidDelete(refresh),
      view.onDidChangeVisibility(({ visible }) => {
        if (visible) refresh(); // the cache folder is not watched
      }),
    ];
  }

  readonly onDidChangeTreeData = this.#changed.event;

  refresh(): void {
    this.#changed.fire();
  }

  async getChildren(item?: DataItem): Promise<DataItem[]> {
    switch (item?.kind) {
      case undefined:
        return [...(await tasks()), ...kept()];
      case 'group':
        return [...item.items];
      case 'task':
        return item.files.map((file) => ({ kind: 'task-file', file }));
      case 'task-file':
      case 'kept':
        return [];
    }
  }

  getTreeItem(item: DataItem): vscode.TreeItem {
    switch (item.kind) {
      case 'group':
        return groupItem(item);
      case 'task':
        return taskItem(item);
      case 'task-file':
        return fileItem(item.file);
      case 'kept':
        return keptItem(item.file);
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

async function tasks(): Promise<DataItem[]> {
  const corpora = await vscode.workspace.findFiles(TASK_FILES, ELSEWHERE, MAX_TASKS);
  const dirs = [...new Set(corpora.map(({ fsPath }) => dirname(fsPath)))].sort();
  const items = dirs.map((dir): DataItem => ({ kind: 'task', dir, files: filesUnder(dir) }));
  return items.length > 0 ? [{ kind: 'group', label: vscode.l10n.t('Tasks'), items }] : [];
}

function kept(): DataItem[] {
  const byKind = Map.groupBy(keptFiles(cacheFolder()), ({ kind }) => kind);
  return Array.from(byKind, ([kind, files]) => ({
    kind: 'group',
    label: kindName(kind),
    items: files.map((file): DataItem => ({ kind: 'kept', file })),
  }));
}

function kindName(kind: string): string {
  switch (kind) {
    case 'indexes':
      return vscode.l10n.t('Indexes');
    case 'vectors':
      return vscode.l10n.t('Vectors');
    default:
      return kind;
  }
}

function groupItem({ label, items }: Extract<DataItem, { kind: 'group' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `group:${label}`;
  item.contextValue = 'group';
  item.description = sizeText(items.reduce((sum, child) => sum + sizeOf(child), 0));
  return item;
}

function taskItem({ dir, files }: Extract<DataItem, { kind: 'task' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(basename(dir), vscode.TreeItemCollapsibleState.Collapsed);
  const size = sizeText(totalOf(files));
  item.id = dir;
  item.contextValue = 'task';
  item.iconPath = new vscode.ThemeIcon('database');
  item.description = size;
  item.tooltip = dir;
  item.accessibilityInformation = { label: vscode.l10n.t('Task {0}, {1}', basename(dir), size) };
  return item;
}

function fileItem({ path, sizeBytes }: StoredFile): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.Uri.file(path));
  item.contextValue = 'task-file';
  item.description = sizeText(sizeBytes);
  item.command = { command: 'vscode.open', title: vscode.l10n.t('Open'), arguments: [item.resourceUri] };
  return item;
}

function keptItem({ path, kind, source, documents, sizeBytes, changedAt }: KeptFile): vscode.TreeItem {
  const label = source ?? basename(path);
  const item = new vscode.TreeItem(label);
  item.id = path;
  item.contextValue = 'kept';
  item.iconPath = new vscode.ThemeIcon(kind === 'vectors' ? 'symbol-array' : 'list-tree');
  item.description = sizeText(sizeBytes);
  const held = documents === undefined ? '' : vscode.l10n.t('{0} documents', count(documents));
  item.tooltip = [held, timeText(changedAt), path].filter((line) => line !== '').join('\n');
  item.accessibilityInformation = { label: `${kindName(kind)}: ${label}, ${item.description}` };
  return item;
}

function sizeOf(item: DataItem): number {
  switch (item.kind) {
    case 'group':
      return item.items.reduce((sum, child) => sum + sizeOf(child), 0);
    case 'task':
      return totalOf(item.files);
    case 'task-file':
    case 'kept':
      return item.file.sizeBytes;
  }
}

function totalOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
