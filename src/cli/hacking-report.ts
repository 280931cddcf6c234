/** @file Signs of reward hacking at the end of a training: what its first steps showed, and its last. */
import { openRunReader } from '../runs/reader.ts';
import type { Metrics } from '../runs/records.ts';
import type { Output } from './command.ts';

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** What a metric means to somebody who looks for a policy that cheats. */
const SIGNS: readonly (readonly [metric: string, what: string, shown: (value: number) => string])[] = [
  ['copiedTitles', 'rewrites with a relevant title in full', percent],
  ['sharedRewrites', 'queries that share a rewrite', percent],
  ['repeatedWords', 'repeated words', percent],
  ['words', 'words per rewrite', (value) => value.toFixed(1)],
  ['lengthReward', 'correlation of length and reward', (value) => value.toFixed(2)],
];

/** Steps at either end of the run that are averaged. */
const ENDS = 10;

/** Prints them for a run of two steps or more; a run of an older version that measured none prints nothing. */
export function printHackingSigns(runDir: string, output: Output): void {
  const steps = measuredSteps(runDir);
  if (steps.length < 2) return;
  const size = Math.min(ENDS, Math.floor(steps.length / 2));
  const [first, last] = [steps.slice(0, size), steps.slice(-size)];
  output.line(`Signs of reward hacking, mean of the first ${size} and the last ${size} steps:`);
  for (const [metric, what, shown] of SIGNS) {
    const mean = (some: readonly Metrics[]): string =>
      shown(some.reduce((sum, metrics) => sum + metrics[metric], 0) / some.length);
    output.line(`  ${what.padEnd(40)}${mean(first).padStart(8)} → ${mean(last)}`);
  }
}

function measuredSteps(runDir: string): Metrics[] {
  const reader = openRunReader(runDir);
  try {
    return reader
      .eventsAfter(0)
      .flatMap((event) => (event.kind === 'step' && !event.discarded ? [event.metrics] : []))
      .filter((metrics) => SIGNS.every(([metric]) => metric in metrics));
  } finally {
    reader.close();
  }
}
