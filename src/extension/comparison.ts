/** @file Choosing what is compared and on which queries, and telling the panel what the comparison says. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ChosenComparison, ToPanel } from '../../webview/protocol.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { type Comparison, RAW_QUERY, type StatisticsOf } from '../runs/comparison.ts';
import { openRunReader, type RunReader } from '../runs/reader.ts';
import { compareRecorded } from '../runs/recorded-comparison.ts';
import type { CheckpointEntry } from '../runs/records.ts';
import type { WorkerClient } from '../worker/client.ts';
import { type Compared, comparedOf } from './compared.ts';
import type { Runs } from './runs.ts';
import { abortSignalOf } from './worker.ts';

export type { ChosenComparison } from '../../webview/protocol.ts';

/**
 * Undefined when the person does not choose.
 *
 * @param judged the checkpoint that is judged, where that is known.
 * @throws UserError when there is no checkpoint to compare.
 */
export async function chooseComparison(
  dir: string,
  runs: Runs,
  judged?: string,
): Promise<ChosenComparison | undefined> {
  const checkpoints = checkpointsOf(dir).toReversed();
  if (checkpoints.length === 0) {
    throw new UserError(vscode.l10n.t('{0} has no checkpoint yet; the first one comes with the first step.', dir));
  }
  const title = vscode.l10n.t('Compare Checkpoints');
  const own = checkpointItems(checkpoints);
  const b = judged ?? (await pickSide(own, title, vscode.l10n.t('Which checkpoint should be judged?')));
  if (b === undefined) return undefined;
  const original = { label: RAW_QUERY, description: vscode.l10n.t('the query as it was typed'), side: RAW_QUERY };
  const others = [...own.filter(({ side }) => side !== b), original, ...checkpointsOfOthers(dir, runs)];
  const a = await pickSide(others, title, vscode.l10n.t('Against what?'));
  if (a === undefined) return undefined;
  const split = await vscode.window.showQuickPick(['test', 'validation'], {
    title,
    ignoreFocusOut,
    placeHolder: vscode.l10n.t('On which queries?'),
  });
  const chosen = SPLITS.find((name) => name === split);
  return chosen && { a, others: [b], split: chosen };
}

/** The same with one more side; undefined when the person does not choose. @throws UserError when there is no other. */
export async function chooseAnother(
  dir: string,
  runs: Runs,
  chosen: ChosenComparison,
): Promise<ChosenComparison | undefined> {
  const sides = [...checkpointItems(checkpointsOf(dir).toReversed()), ...checkpointsOfOthers(dir, runs)];
  const others = sides.filter(({ side }) => side !== chosen.a && !chosen.others.includes(side));
  if (others.length === 0) throw new UserError(vscode.l10n.t('There is no other checkpoint to compare.'));
  const title = vscode.l10n.t('Compare Checkpoints');
  const another = await pickSide(others, title, vscode.l10n.t('Which checkpoint should be judged too?'));
  return another === undefined ? undefined : { ...chosen, others: [...chosen.others, another] };
}

/** Who compares: the worker evaluates what no run has recorded. */
export interface Comparers {
  readonly worker: WorkerClient;
  readonly statisticsOf: StatisticsOf;
}

/**
 * From what the runs recorded where that is enough, otherwise the worker evaluates, with a way to cancel. The panel is told
 * meanwhile what is under way, and why it came to nothing, which returns undefined.
 */
export async function compare(
  chosen: ChosenComparison,
  runDir: string,
  { worker, statisticsOf }: Comparers,
  tell: (message: ToPanel) => void,
): Promise<Compared | undefined> {
  tell({ kind: 'comparing', label: vscode.l10n.t('Comparing…') });
  const reader = openRunReader(runDir);
  try {
    const comparisons: Comparison[] = [];
    for (const b of chosen.others) {
      const pair = { a: chosen.a, b, split: chosen.split };
      const found = await recorded(reader, pair, statisticsOf);
      comparisons.push(found ?? (await evaluateBoth(pair, runDir, worker, tell)));
    }
    return comparedOf(chosen, comparisons, runDir);
  } catch (error) {
    tell({ kind: 'comparison-failed', message: messageOf(error) });
    if (!(error instanceof UserError)) throw error;
    return undefined;
  } finally {
    reader.close();
  }
}

/**
 * What a panel showed before it was closed or its window reloaded, by what the runs recorded since.
 *
 * @throws UserError when that would have to be evaluated again.
 */
export async function comparedBefore(
  { a, others, split }: ChosenComparison,
  runDir: string,
  { worker, statisticsOf }: Comparers,
): Promise<Compared> {
  const reader = openRunReader(runDir);
  try {
    const comparisons: Comparison[] = [];
    for (const b of others) {
      const found = await recorded(reader, { a, b, split }, statisticsOf);
      comparisons.push(found ?? (await worker.ask('compare', { runDir, a, b, split, recordedOnly: true })));
    }
    return comparedOf({ a, others, split }, comparisons, runDir);
  } finally {
    reader.close();
  }
}

interface Pair {
  readonly a: string;
  readonly b: string;
  readonly split: Split;
}

/** Null for a checkpoint of another run: whether that was asked and measured in the same way, the worker finds out. */
async function recorded(reader: RunReader, pair: Pair, statisticsOf: StatisticsOf): Promise<Comparison | null> {
  return [pair.a, pair.b].some(isOfAnotherRun) ? null : compareRecorded(reader, pair, statisticsOf);
}

async function evaluateBoth(
  { a, b, split }: Pair,
  runDir: string,
  worker: WorkerClient,
  tell: (message: ToPanel) => void,
): Promise<Comparison> {
  const title = vscode.l10n.t('Comparing {0} with {1} on {2} queries…', basename(b), basename(a), split);
  tell({ kind: 'comparing', label: title });
  const progress = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(progress, (_, token) =>
    worker.ask('compare', { runDir, a, b, split }, abortSignalOf(token)),
  );
}

function isOfAnotherRun(side: string): boolean {
  return side.includes(':');
}

interface SideItem extends vscode.QuickPickItem {
  /** What the comparison is told. */
  readonly side: string;
}

/** A panel takes the focus back when a question closes, and must not close the next one with that. */
const ignoreFocusOut = true;

async function pickSide(items: readonly SideItem[], title: string, placeHolder: string): Promise<string | undefined> {
  const options = { title, placeHolder, matchOnDescription: true, ignoreFocusOut };
  return (await vscode.window.showQuickPick(items, options))?.side;
}

function checkpointItems(checkpoints: readonly CheckpointEntry[]): SideItem[] {
  return checkpoints.map(({ name, step }) => ({ label: name, description: stepText(step), side: name }));
}

function checkpointsOfOthers(dir: string, runs: Runs): SideItem[] {
  return runs.list().flatMap((listing) => {
    if (listing.kind !== 'run' || listing.info.dir === dir) return [];
    const { name: run, dir: runDir } = listing.info;
    return listing.checkpoints.toReversed().map(({ name, step }) => ({
      label: name,
      description: vscode.l10n.t('{0} of {1}', stepText(step), run),
      side: `${runDir}:${name}`,
    }));
  });
}

export async function pickCheckpoint(
  checkpoints: readonly CheckpointEntry[],
  title: string,
  placeHolder: string,
): Promise<string | undefined> {
  return pickSide(checkpointItems(checkpoints), title, placeHolder);
}

function stepText(step: number): string {
  return step === 0 ? vscode.l10n.t('start policy') : vscode.l10n.t('after step {0}', step);
}

export function checkpointsOf(dir: string): readonly CheckpointEntry[] {
  const reader = openRunReader(dir);
  try {
    return reader.checkpoints();
  } finally {
    reader.close();
  }
}
