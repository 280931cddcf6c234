/**
 * @file `Rec-R1: New Run Configuration`: four questions, then a file that can be started, with the settings that differ from
 * the defaults and nothing else.
 */
import { basename, relative } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';

type Settings = Readonly<Record<string, string | number>>;

interface Choice extends vscode.QuickPickItem {
  /** The settings that it stands for; undefined asks for a folder or an address first. */
  readonly settings?: Settings;
  readonly ask?: () => Promise<Settings | undefined>;
}

/** What a language model of its own needs that the bundled starter does not: adapters, a small rate, room to reason. */
const LARGER_MODEL: Settings = {
  'lora.rank': 16,
  'optimizer.learningRate': 1e-5,
  'rollout.maxNewTokens': 256,
};

/**
 * Asks, writes the file into the first workspace folder, and opens it. Nothing is written unless all four are answered.
 *
 * @throws UserError without an open folder.
 */
export async function newConfiguration(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.at(0);
  if (!folder) throw new UserError(vscode.l10n.t('Open a folder first: a run configuration is a file in it.'));
  const questions = [
    { title: vscode.l10n.t('What should be found? (1/4)'), choices: await tasks(folder) },
    { title: vscode.l10n.t('Which model should learn to rewrite? (2/4)'), choices: models(folder) },
    { title: vscode.l10n.t('What ranks? (3/4)'), choices: await recommenders(folder) },
    { title: vscode.l10n.t('For how long? (4/4)'), choices: lengths() },
  ];
  let settings: Settings = {};
  for (const { title, choices } of questions) {
    const answer = await answered(title, choices);
    if (!answer) return;
    settings = { ...settings, ...answer };
  }
  const uri = await unusedFile(folder, settings);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`));
  await vscode.window.showTextDocument(uri);
}

async function answered(title: string, choices: readonly Choice[]): Promise<Settings | undefined> {
  const chosen = await vscode.window.showQuickPick(choices, { title, matchOnDescription: true });
  return chosen?.settings ?? chosen?.ask?.();
}

/** The bundled sample, and every folder with a corpus. */
async function tasks(folder: vscode.WorkspaceFolder): Promise<Choice[]> {
  const corpora = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, '**/corpus.jsonl'),
    '**/node_modules/**',
    100,
  );
  const found = corpora.map((uri): Choice => {
    const task = pathIn(folder, vscode.Uri.joinPath(uri, '..'));
    return { label: task, description: vscode.l10n.t('a task in this workspace'), settings: { task } };
  });
  return [
    {
      label: vscode.l10n.t('Products of the bundled shop'),
      description: vscode.l10n.t('a sample with 2,580 products and 1,100 queries'),
      settings: { task: 'sample' },
    },
    ...found,
    {
      label: vscode.l10n.t('Another folder…'),
      description: vscode.l10n.t('rec-r1 import makes one from your data'),
      ask: () => askFolder(folder, 'task', {}),
    },
  ];
}

function models(folder: vscode.WorkspaceFolder): Choice[] {
  return [
    {
      label: vscode.l10n.t('The bundled starter'),
      description: vscode.l10n.t('a million parameters; trains in minutes without a GPU'),
      settings: { model: 'starter' },
    },
    {
      label: vscode.l10n.t('A model folder…'),
      description: vscode.l10n.t('Qwen or Llama in Hugging Face layout; trains adapters'),
      ask: () => askFolder(folder, 'model', LARGER_MODEL),
    },
  ];
}

/** BM25, every description of a recommender, and an address. */
async function recommenders(folder: vscode.WorkspaceFolder): Promise<Choice[]> {
  const files = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, '**/{recommender.json,*.recommender.json}'),
    '**/node_modules/**',
    100,
  );
  const found = files.map((uri): Choice => {
    const retriever = pathIn(folder, uri);
    return { label: retriever, description: vscode.l10n.t('a recommender of this workspace'), settings: { retriever } };
  });
  return [
    {
      label: vscode.l10n.t('BM25 over the task’s documents'),
      description: vscode.l10n.t('equal to Lucene’s; needs no server'),
      settings: { retriever: 'bm25' },
    },
    ...found,
    {
      label: vscode.l10n.t('A server…'),
      description: vscode.l10n.t('the README has its contract'),
      ask: askServer,
    },
  ];
}

function lengths(): Choice[] {
  return [
    {
      label: vscode.l10n.t('A look: 20 steps'),
      settings: { steps: 20, 'evaluation.every': 10, 'checkpoint.every': 10 },
    },
    { label: vscode.l10n.t('As the sample: 160 steps'), settings: { steps: 160 } },
    {
      label: vscode.l10n.t('As the paper: 1,400 steps'),
      settings: { steps: 1400, 'evaluation.every': 100, 'checkpoint.every': 100 },
    },
  ];
}

async function askFolder(
  folder: vscode.WorkspaceFolder,
  name: 'task' | 'model',
  more: Settings,
): Promise<Settings | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: folder.uri,
  });
  return chosen && { [name]: pathIn(folder, chosen[0]), ...more };
}

async function askServer(): Promise<Settings | undefined> {
  const retriever = await vscode.window.showInputBox({
    title: vscode.l10n.t('Where does the recommender answer?'),
    placeHolder: 'http://localhost:8000/search',
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^https?:\/\/\S+$/.test(text) ? undefined : vscode.l10n.t('An address that begins with http:// or https://.'),
  });
  return retriever === undefined ? undefined : { retriever };
}

/** Relative to the workspace folder where the file lies in it: what the training process starts from. */
function pathIn(folder: vscode.WorkspaceFolder, uri: vscode.Uri): string {
  const path = relative(folder.uri.fsPath, uri.fsPath);
  return path.startsWith('..') ? uri.fsPath : path.replaceAll('\\', '/') || '.';
}

/** A name after the task, and a number where that is taken. */
async function unusedFile(folder: vscode.WorkspaceFolder, { task }: Settings): Promise<vscode.Uri> {
  const last = basename(String(task));
  const stem = last === '.' ? 'run' : last;
  const taken = new Set((await vscode.workspace.fs.readDirectory(folder.uri)).map(([name]) => name));
  for (let i = 1; ; i++) {
    const name = `${stem}${i === 1 ? '' : `-${i}`}.rec-r1.json`;
    if (!taken.has(name)) return vscode.Uri.joinPath(folder.uri, name);
  }
}
