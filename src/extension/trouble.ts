/** @file Tells the person when the current run paused by itself: nobody may be looking at its panel. */
import * as vscode from 'vscode';
import type { CurrentRun, Runs } from './runs.ts';

/** Once for each pause that has a reason; a pause that somebody wished for has none. */
export function announceTrouble(runs: Runs): vscode.Disposable {
  let announced = '';
  return runs.onDidChangeCurrent((current) => {
    const reason = current?.info?.state === 'paused' ? (current.info.message ?? '') : '';
    if (reason === announced) return;
    announced = reason;
    if (current && reason !== '') void announce(current, reason);
  });
}

async function announce({ dir, info }: CurrentRun, reason: string): Promise<void> {
  const [resume, show] = [vscode.l10n.t('Resume'), vscode.l10n.t('Open Dashboard')];
  const message = vscode.l10n.t('Rec-R1 paused {0}: {1}', info?.name ?? dir, reason);
  const chosen = await vscode.window.showWarningMessage(message, resume, show);
  if (chosen === resume) await vscode.commands.executeCommand('rec-r1.resumeTraining', dir);
  if (chosen === show) await vscode.commands.executeCommand('rec-r1.openDashboard', dir);
}
