/** @file What the states of a run are called: alone, and in a sentence. */
import { t } from './l10n.ts';
import type { RunState } from './protocol.ts';

export const STATE_TITLES: Readonly<Record<RunState | 'starting', string>> = {
  starting: t('Starting'),
  running: t('Running'),
  paused: t('Paused'),
  stopped: t('Stopped'),
  finished: t('Finished'),
  failed: t('Failed'),
};

export const STATE_NAMES: Readonly<Record<RunState, string>> = {
  running: t('running'),
  paused: t('paused'),
  stopped: t('stopped'),
  finished: t('finished'),
  failed: t('failed'),
};
