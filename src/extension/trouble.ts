/**
 * @file Tells the person when the current run needs them: it paused by itself, a guard stopped it, or it failed. Nobody may be
 * looking at its panel. All else is for the status bar and the panel, which nobody has to close.
 */
import * as vscode from 'vscode';
import { isLive, type CurrentRun, type Runs } from './runs.ts';

interface Trouble {
  readonly message: string;
  readonly actions: readonly (readonly [title: string, command: string])[];
}

/** Once for each trouble that begins while the window looks; a pause or a stop that somebody wished for is none. */
export function announceTrouble(runs: Runs): vscode.Disposable {
  let before: CurrentRun | null = null;
  return runs.onDidChangeCurrent((current) => {
    const trouble = current && troubleOf(current, before?.dir === current.dir ? before : null);
    before = current;
    if (trouble) void announce(current, trouble);
  });
}

function troubleOf(current: CurrentRun, before: CurrentRun | null): Trouble | undefined {
  const { info, guards } = current;
  const name = info?.name ?? current.dir;
  const show = [vscode.l10n.t('Open Dashboard'), 'rec-r1.openDashboard'] as const;
  const reason = pauseReason(current);
  if (reason !== undefined && reason !== (before && pauseReason(before))) {
    const message = vscode.l10n.t('Rec-R1 paused {0}: {1}', name, reason);
    return { message, actions: [[vscode.l10n.t('Resume'), 'rec-r1.resumeTraining'], show] };
  }
  const guard = guards.at(-1);
  if (before?.info && guard && guards.length > before.guards.length) {
    return { message: vscode.l10n.t('Rec-R1, {0}: {1}', name, guard.message), actions: [show] };
  }
  if (info?.state === 'failed' && before?.info && isLive(before.info)) {
    const message = vscode.l10n.t('Rec-R1: {0} failed. {1}', name, info.message ?? '');
    return { message, actions: [[vscode.l10n.t('Show Log'), 'rec-r1.showWorkerLog'], show] };
  }
  return undefined;
}

function pauseReason({ info }: CurrentRun): string | undefined {
  return info?.state === 'paused' ? info.message : undefined;
}

async function announce({ dir }: CurrentRun, { message, actions }: Trouble): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(message, ...actions.map(([title]) => title));
  const command = actions.find(([title]) => title === chosen)?.[1];
  if (command !== undefined) await vscode.commands.executeCommand(command, dir);
}
