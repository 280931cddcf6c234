/** @file The status-bar item: step and reward of the current run, and the way to its dashboard. */
import * as vscode from 'vscode';
import type { RunState } from '../runs/events.ts';
import { decimal, stateName } from './language.ts';
import { runName, type CurrentRun, type Runs } from './runs.ts';

const ICONS: Readonly<Record<RunState, string>> = {
  running: '$(sync~spin)',
  paused: '$(debug-pause)',
  stopped: '$(debug-stop)',
  finished: '$(check)',
  failed: '$(error)',
};

export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('rec-r1.training', vscode.StatusBarAlignment.Left);
  readonly #subscription: vscode.Disposable;

  constructor(runs: Runs) {
    this.#item.name = 'Rec-R1';
    this.#subscription = runs.onDidChangeCurrent((current) => {
      this.#show(current);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #show(current: CurrentRun | null): void {
    if (!current) {
      this.#item.hide();
      return;
    }
    const { dir, info, reward } = current;
    const step = info ? `${info.step}/${info.totalSteps}` : vscode.l10n.t('starting');
    const rewardText = reward === null ? '' : ` · ${decimal(reward, 3)}`;
    this.#item.text = `${info ? ICONS[info.state] : '$(loading~spin)'} Rec-R1 ${step}${rewardText}`;
    this.#item.tooltip = tooltip(current);
    this.#item.accessibilityInformation = {
      label: vscode.l10n.t(
        'Rec-R1 training {0}, step {1}, reward {2}',
        info ? stateName(info.state) : '',
        step,
        reward === null ? '' : decimal(reward, 3),
      ),
    };
    this.#item.command = {
      command: 'rec-r1.openDashboard',
      title: vscode.l10n.t('Open Dashboard'),
      arguments: [dir],
    };
    this.#item.show();
  }
}

/** Guards that are told; the dashboard has all. */
const TOLD_GUARDS = 3;

function tooltip({ dir, info, reward, guards }: CurrentRun): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  const line = (icon: string, words: string): void => {
    text.appendMarkdown(`${icon} `).appendText(words).appendMarkdown('\n\n');
  };
  text
    .appendMarkdown('**')
    .appendText(info?.name ?? runName(dir))
    .appendMarkdown('**\n\n');
  if (info)
    line(ICONS[info.state], vscode.l10n.t('Step {0} of {1}, {2}', info.step, info.totalSteps, stateName(info.state)));
  if (reward !== null) line('$(star)', vscode.l10n.t('Mean reward of the newest step: {0}', decimal(reward, 3)));
  if (info?.message !== undefined) line('$(info)', info.message);
  if (guards.length === 0) line('$(shield)', vscode.l10n.t('No guard has acted.'));
  for (const { step, message } of guards.slice(-TOLD_GUARDS)) {
    line('$(warning)', vscode.l10n.t('Guard after step {0}: {1}', step, message));
  }
  return text;
}
