/** @file Choosing two checkpoints and a split, and telling the panel what the comparison says. */
import * as vscode from 'vscode';
import type { ToPanel } from '../../webview/protocol.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { RAW_QUERY, type Comparison } from '../runs/comparison.ts';
import { openRunReader, type RunReader } from '../runs/reader.ts';
import { compareRecorded } from '../runs/recorded-comparison.ts';
import type { CheckpointEntry } from '../runs/records.ts';
import type { WorkerClient } from '../worker/client.ts';
import { rankingContext } from './panel-feed.ts';
import { abortSignalOf } from './worker.ts';

export interface ChosenComparison {
  readonly a: string;
  readonly b: string;
  readonly split: Split;
}

/**
 * Undefined when the person does not choose.
 *
 * @param judged the checkpoint that is judged, where that is known.
 * @throws UserError when there is no checkpoint to compare.
 */
export async function chooseComparison(dir: string, judged?: string): Promise<ChosenComparison | undefined> {
  const checkpoints = checkpointsOf(dir).toReversed();
  if (checkpoints.length === 0) {
    throw new UserError(vscode.l10n.t('{0} has no checkpoint yet; the first one comes with the first step.', dir));
  }
  const title = vscode.l10n.t('Compare Checkpoints');
  const b = judged ?? (await pickCheckpoint(checkpoints, title, vscode.l10n.t('Which checkpoint should be judged?')));
  if (b === undefined) return undefined;
  const original = { label: RAW_QUERY, description: vscode.l10n.t('the query as it was typed') };
  const others = checkpoints.filter(({ name }) => name !== b);
  const a = await pickCheckpoint(others, title, vscode.l10n.t('Against what?'), [original]);
  if (a === undefined) return undefined;
  const split = await vscode.window.showQuickPick(['test', 'validation'], {
    title,
    placeHolder: vscode.l10n.t('On which queries?'),
  });
  const chosen = SPLITS.find((name) => name === split);
  return chosen && { a, b, split: chosen };
}

/**
 * Says in the panel what comes of it: from what the run recorded where that is enough, otherwise the worker evaluates both,
 * with a way to cancel.
 */
export async function compare(
  chosen: ChosenComparison,
  runDir: string,
  worker: WorkerClient,
  tell: (message: ToPanel) => void,
): Promise<void> {
  const reader = openRunReader(runDir);
  try {
    tell(
      comparisonMessage(reader, compareRecorded(reader, chosen) ?? (await evaluateBoth(chosen, runDir, worker, tell))),
    );
  } catch (error) {
    tell({ kind: 'comparison-failed', message: messageOf(error) });
    if (!(error instanceof UserError)) throw error;
  } finally {
    reader.close();
  }
}

async function evaluateBoth(
  { a, b, split }: ChosenComparison,
  runDir: string,
  worker: WorkerClient,
  tell: (message: ToPanel) => void,
): Promise<Comparison> {
  const title = vscode.l10n.t('Comparing {0} with {1} on {2} queries…', b, a, split);
  tell({ kind: 'comparing', label: title });
  const progress = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(progress, (_, token) =>
    worker.ask('compare', { runDir, a, b, split }, abortSignalOf(token)),
  );
}

function comparisonMessage(reader: RunReader, comparison: Comparison): ToPanel {
  const shown = comparison.rows.map(({ exampleId, a, b }) => ({ exampleId, ids: [...a.top, ...b.top] }));
  return { kind: 'comparison', comparison, ...rankingContext(reader, shown) };
}

export async function pickCheckpoint(
  checkpoints: readonly CheckpointEntry[],
  title: string,
  placeHolder: string,
  more: readonly vscode.QuickPickItem[] = [],
): Promise<string | undefined> {
  const items = checkpoints.map(({ name, step }) => ({
    label: name,
    description: step === 0 ? vscode.l10n.t('start policy') : vscode.l10n.t('after step {0}', step),
  }));
  return (await vscode.window.showQuickPick([...items, ...more], { title, placeHolder }))?.label;
}

export function checkpointsOf(dir: string): readonly CheckpointEntry[] {
  const reader = openRunReader(dir);
  try {
    return reader.checkpoints();
  } finally {
    reader.close();
  }
}
