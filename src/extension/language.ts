/**
 * @file Numbers, times and names of states as the extension's texts write them: in the language of those texts, which is English
 * where there is no bundle for the editor's. What the core says (errors, guards, the log) is English everywhere: the same words
 * as on the command line.
 */
import * as vscode from 'vscode';
import * as files from '../data/stored-files.ts';
import type { RunState } from '../runs/events.ts';

/** Of the texts, as BCP 47 has it. */
export function textLanguage(): string {
  return vscode.l10n.bundle ? vscode.env.language : 'en';
}

export function decimal(value: number, digits: number): string {
  return value.toLocaleString(textLanguage(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** With its sign. */
export function change(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${decimal(Math.abs(value), digits)}`;
}

/** Such as `2,580`. */
export function count(value: number): string {
  return value.toLocaleString(textLanguage());
}

/** Such as `3.4 MB`. */
export function sizeText(bytes: number): string {
  return files.sizeText(bytes, textLanguage());
}

/** @param time as `Date` takes it. */
export function timeText(time: number): string {
  return new Date(time).toLocaleString(textLanguage());
}

/** What the state of a run is called in a sentence. */
export function stateName(state: RunState): string {
  switch (state) {
    case 'running':
      return vscode.l10n.t('running');
    case 'paused':
      return vscode.l10n.t('paused');
    case 'stopped':
      return vscode.l10n.t('stopped');
    case 'finished':
      return vscode.l10n.t('finished');
    case 'failed':
      return vscode.l10n.t('failed');
  }
}
