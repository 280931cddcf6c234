/**
 * @file Every command of the extension: a table, one short function each. A command finds out which run is meant, asks where
 * it must, and shows the answer. What could also be wanted from the command line is in `app/`.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import type { WorkerClient } from '../worker/client.ts';
import { logFile } from '../worker/launch.ts';
import { readConfiguration } from './configuration-files.ts';
import { checkpointsOf, pickCheckpoint } from './comparison.ts';
import type { Dashboards } from './dashboards.ts';
import { deleteKept, revealData, taskOf } from './data-commands.ts';
import type { DataItem, DataView } from './data-view.ts';
import { exportCheckpoint } from './export-checkpoint.ts';
import { chooseAndInstall } from './install-backend.ts';
import { askForKey } from './keys.ts';
import { stateName } from './language.ts';
import { newConfiguration } from './new-configuration.ts';
import { reporting } from './notify.ts';
import type { PlacedQuery } from './placed-query.ts';
import { reveal } from './reveal.ts';
import {
  acceptRewrite,
  anotherRewrite,
  compareRewrite,
  copyRewrite,
  rewriteSelection,
  type RewriteServices,
} from './rewrite-commands.ts';
import type { NamedCheckpoint } from './rewrites.ts';
import type { Playground } from './playground.ts';
import { isLive, runName, type Runs } from './runs.ts';
import type { RunItem } from './runs-view.ts';
import { trainingSettings } from './settings.ts';
import type { Training } from './training.ts';
import { isWriterAlive } from '../runs/lock.ts';
import type { RunInfo } from '../runs/records.ts';

export interface Services extends RewriteServices {
  readonly context: vscode.ExtensionContext;
  readonly runs: Runs;
  readonly training: Training;
  readonly dashboards: Dashboards;
  readonly data: DataView;
  readonly worker: WorkerClient;
  readonly playground: Playground;
  readonly output: vscode.LogOutputChannel;
}

/** A run's folder (from the panel and the status bar), a row of the view, or nothing (from the palette). */
export type RunArgument = string | RunItem | undefined;

/** What a command is given, where from a menu, a lens or a link. */
type Argument = RunArgument | DataItem | PlacedQuery;
type Command = (services: Services, argument: Argument) => unknown;

export const COMMANDS = {
  'rec-r1.startTraining': async ({ training, dashboards }) => {
    dashboards.open(await training.start(trainingSettings()));
  },
  'rec-r1.newConfiguration': () => newConfiguration(),
  'rec-r1.startConfiguration': async ({ training, dashboards }, argument: unknown) => {
    const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
    if (!uri) throw new UserError(vscode.l10n.t('Open a run configuration first.'));
    const config = await readConfiguration(uri);
    dashboards.open(await training.start({ config, source: basename(uri.path) }));
  },
  'rec-r1.pauseTraining': async ({ runs, training }, argument) => {
    const dir = await chooseRun(runs, argument, ({ state }) => state === 'running', vscode.l10n.t('Pause which run?'));
    if (dir !== undefined) training.pause(dir);
  },
  'rec-r1.resumeTraining': async ({ runs, training, dashboards }, argument) => {
    const dir = await chooseRun(runs, argument, ({ state }) => state !== 'running', vscode.l10n.t('Resume which run?'));
    if (dir === undefined) return;
    await training.resume(dir);
    dashboards.open(dir);
  },
  'rec-r1.stopTraining': async ({ runs, training }, argument) => {
    const dir = await chooseRun(runs, argument, isLive, vscode.l10n.t('Stop which run?'));
    if (dir !== undefined) training.stop(dir);
  },
  'rec-r1.openDashboard': async ({ runs, dashboards }, argument) => {
    const dir = await chooseRun(runs, argument, () => true, vscode.l10n.t('Show which run?'));
    if (dir !== undefined) dashboards.open(dir);
  },
  'rec-r1.compareCheckpoints': async ({ runs, dashboards }, argument) => {
    const dir = await chooseRun(runs, argument, () => true, vscode.l10n.t('Compare checkpoints of which run?'));
    if (dir !== undefined) await dashboards.compare(dir);
  },
  'rec-r1.openPlayground': ({ playground }) => {
    playground.open();
  },
  'rec-r1.showWorkerLog': async ({ runs }, argument) => {
    const dir = await chooseRun(runs, argument, () => true, vscode.l10n.t('Show the log of which run?'));
    if (dir === undefined) return;
    if (!existsSync(logFile(dir))) {
      throw new UserError(vscode.l10n.t('{0} has no log: it was not started from the editor.', dir));
    }
    await vscode.window.showTextDocument(vscode.Uri.file(logFile(dir)), { preview: true });
  },
  'rec-r1.revealRun': async ({ runs }, argument) => {
    const dir = await chooseRun(runs, argument, () => true, vscode.l10n.t('Reveal the folder of which run?'));
    if (dir !== undefined) await reveal(dir);
  },
  'rec-r1.deleteRun': async ({ runs, dashboards }, argument) => {
    const dir = await chooseRun(runs, argument, (info) => !isLive(info), vscode.l10n.t('Delete which run?'));
    if (dir !== undefined) await deleteRun(dir, runs, dashboards);
  },
  'rec-r1.compareWith': async ({ runs, dashboards }, argument) => {
    const chosen = await chooseCheckpoint(runs, argument, vscode.l10n.t('Compare which checkpoint?'));
    if (chosen) await dashboards.compare(chosen.runDir, chosen.checkpoint);
  },
  'rec-r1.exportCheckpoint': async ({ runs, worker }, argument) => {
    const chosen = await chooseCheckpoint(runs, argument, vscode.l10n.t('Export which checkpoint?'));
    if (chosen) await exportCheckpoint(chosen, worker);
  },
  'rec-r1.forkRun': async ({ runs, training, dashboards }, argument) => {
    const chosen = await chooseCheckpoint(runs, argument, vscode.l10n.t('Fork from which checkpoint?'));
    const checkpoint = chosen && checkpointsOf(chosen.runDir).find(({ name }) => name === chosen.checkpoint);
    const runDir = checkpoint && (await training.fork(chosen.runDir, checkpoint));
    if (runDir !== undefined) dashboards.open(runDir);
  },
  'rec-r1.useCheckpoint': async ({ runs, inUse }, argument) => {
    const chosen = await chooseCheckpoint(runs, argument, vscode.l10n.t('Rewrite with which checkpoint?'));
    if (chosen) await inUse.use(chosen);
  },
  'rec-r1.chooseCheckpoint': ({ inUse }) => inUse.choose(),
  'rec-r1.acceptRewrite': (services, argument) => acceptRewrite(services, queryOf(argument)),
  'rec-r1.copyRewrite': (services, argument) => copyRewrite(services, queryOf(argument)),
  'rec-r1.anotherRewrite': (services, argument) => anotherRewrite(services, queryOf(argument)),
  'rec-r1.compareRewrite': (services, argument) => compareRewrite(services, queryOf(argument)),
  'rec-r1.rewriteSelection': (services) => rewriteSelection(services),
  'rec-r1.trainOnTask': async ({ training, dashboards }, argument) => {
    const task = taskOf(dataOf(argument));
    const { config, source } = trainingSettings();
    dashboards.open(await training.start({ config: { ...config, task }, source }));
  },
  'rec-r1.revealData': (_, argument) => revealData(dataOf(argument)),
  'rec-r1.deleteKept': ({ data }, argument) => deleteKept(dataOf(argument), data),
  'rec-r1.refreshData': ({ data }) => {
    data.refresh();
  },
  'rec-r1.setKey': ({ context }) => askForKey(context),
  'rec-r1.installBackend': ({ context, output }) => chooseAndInstall(context, output),
  'rec-r1.refreshRuns': ({ runs }) => {
    runs.refresh();
  },
} as const satisfies Record<`rec-r1.${string}`, Command>;

export function registerCommands(services: Services): void {
  for (const [name, command] of Object.entries<Command>(COMMANDS)) {
    const run = (...given: readonly Argument[]): Promise<void> =>
      reporting(services.output, () => {
        if (command.length > 1 && isLostRow(given)) {
          throw new UserError(
            vscode.l10n.t('The row was just read anew, and nothing was done; choose the command again.'),
          );
        }
        return command(services, given.at(0));
      });
    services.context.subscriptions.push(vscode.commands.registerCommand(name, run));
  }
}

/**
 * A menu of a view gives its row and those that are selected. While the view reads its rows anew the editor has none to give, and
 * to take the current run in its place would be to act on another than was pointed at. A command that takes no row has no parameter
 * for one: it stands in the view's title, and is given as much.
 */
function isLostRow(given: readonly Argument[]): boolean {
  return given.length > 1 && given[0] === undefined;
}

/** Asks first, then moves the folder to the trash where the system has one. @throws UserError while it trains. */
async function deleteRun(dir: string, runs: Runs, dashboards: Dashboards): Promise<void> {
  const name = runName(dir);
  if (isWriterAlive(dir)) throw new UserError(vscode.l10n.t('{0} is training; stop it before you delete it.', name));
  const [question, detail] = [vscode.l10n.t('Delete the run {0} with its checkpoints?', name), dir];
  const confirm = vscode.l10n.t('Delete');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  dashboards.forget(dir);
  runs.forget(dir);
  const uri = vscode.Uri.file(dir);
  const useTrash = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  await vscode.workspace.fs.delete(uri, { recursive: true, useTrash });
  runs.refresh();
}

/**
 * The folder of the run that is meant: the argument's, else the current one, else the only one that fits, else the one that
 * a person picks; undefined when they do not.
 *
 * @throws UserError when no run fits.
 */
async function chooseRun(
  runs: Runs,
  argument: Argument,
  fits: (info: RunInfo) => boolean,
  question: string,
): Promise<string | undefined> {
  const given = folderOf(argument);
  if (given !== undefined) return given;
  const infos = runs.list().flatMap((item) => (item.kind === 'run' && fits(item.info) ? [item.info] : []));
  if (infos.length === 0) {
    throw new UserError(vscode.l10n.t('{0} No run in {1} fits; start a training first.', question, runs.folder()));
  }
  const current = infos.find(({ dir }) => dir === runs.current?.dir);
  if (current) return current.dir;
  if (infos.length === 1) return infos[0].dir;
  const picked = await vscode.window.showQuickPick(
    infos.map((info) => ({
      label: info.name,
      description: `${info.step}/${info.totalSteps} ${stateName(info.state)}`,
      detail: info.taskName,
      dir: info.dir,
    })),
    { title: question, matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.dir;
}

function folderOf(argument: Argument): string | undefined {
  if (argument === undefined || typeof argument === 'string') return argument;
  switch (argument.kind) {
    case 'query':
    case 'group':
    case 'task':
    case 'task-file':
    case 'kept':
      return undefined;
    case 'run':
      return argument.info.dir;
    case 'checkpoint':
    case 'evaluation':
      return argument.runDir;
    case 'unreadable':
      return argument.dir;
  }
}

function queryOf(argument: Argument): PlacedQuery | undefined {
  return typeof argument === 'object' && argument.kind === 'query' ? argument : undefined;
}

function dataOf(argument: Argument): DataItem | undefined {
  if (typeof argument !== 'object') return undefined;
  const { kind } = argument;
  return kind === 'group' || kind === 'task' || kind === 'task-file' || kind === 'kept' ? argument : undefined;
}

/** The checkpoint of a row, otherwise one that a person picks; undefined when they do not. */
async function chooseCheckpoint(
  runs: Runs,
  argument: Argument,
  question: string,
): Promise<NamedCheckpoint | undefined> {
  if (typeof argument === 'object' && argument.kind === 'checkpoint') {
    return { runDir: argument.runDir, checkpoint: argument.checkpoint.name };
  }
  const runDir = await chooseRun(runs, argument, () => true, question);
  if (runDir === undefined) return undefined;
  const checkpoint = await pickCheckpoint(checkpointsOf(runDir).toReversed(), runName(runDir), question);
  return checkpoint === undefined ? undefined : { runDir, checkpoint };
}
