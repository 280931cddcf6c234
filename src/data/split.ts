/** @file Splits that a data set does not bring along: by a hash of the id, so that added rows never move the others. */
import { rngFrom } from '../base/rng.ts';
import type { Example, Split } from './task.ts';

export type Splits = Record<Split, Example[]>;

export function emptySplits(): Splits {
  return { train: [], validation: [], test: [] };
}

/** A number in [0, 1) that belongs to an id for good. */
export function shareOf(id: string): number {
  return rngFrom(0, 'split', id).next();
}
