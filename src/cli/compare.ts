/** @file `rec-r1 compare`: two arms on the same queries, with a paired test. */
import { parseAssignments } from '../app/config.ts';
import { compareArms } from '../app/compare.ts';
import { ARM_FORMS } from '../app/open-arm.ts';
import { UserError } from '../base/errors.ts';
import { type Comparison, RAW_QUERY } from '../runs/comparison.ts';
import type { Interval } from '../runs/statistics.ts';
import { defineCommand, noPositionals, type Output } from './command.ts';
import { splitOf } from './evaluate.ts';
import { newestRun } from './newest-run.ts';
import { alignedRows } from './table.ts';

export const compareCommand = defineCommand({
  usage: [
    `compare [--run RUN] [--a ARM] [--b ARM] [--split NAME] [--metric NAME] [--min-effect D] [--set NAME=VALUE]...`,
    `compare --a RUN:CHECKPOINT|${RAW_QUERY} --b RUN:CHECKPOINT [--split NAME]`,
  ],
  about:
    'Compares two checkpoints, of one run or of two, or anything else that can be evaluated; the start and the newest by default:\n' +
    'means and their difference with 95 % bootstrap intervals, paired randomisation test, every query. What the runs already\n' +
    'recorded is not evaluated again.',
  options: {
    run: {
      type: 'string',
      value: 'RUN',
      about: 'Folder of the run; that of --b, or the newest under runs/ by default.',
    },
    a: { type: 'string', value: 'ARM', about: `Any of ${ARM_FORMS}; start by default.` },
    b: { type: 'string', value: 'ARM', about: 'Likewise; newest by default.' },
    split: { type: 'string', value: 'NAME', about: 'train, validation or test; validation by default.' },
    metric: { type: 'string', value: 'NAME', about: 'Such as recall@10; NDCG by default.' },
    'min-effect': { type: 'string', value: 'D', about: 'A gain or loss of at most this much is a tie; 0 by default.' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'A setting that wins over the run’s.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const { a = 'start', b = 'newest' } = values;
    const runDir = values.run ?? /^(.+):(?:step-\d+|best|newest)$/.exec(b)?.[1] ?? newestRun();
    const question = {
      ...{ runDir, a, b, split: splitOf(values.split ?? 'validation') },
      settings: parseAssignments(values.set ?? []),
      minimumEffect: effectOf(values['min-effect'] ?? '0'),
      ...(values.metric !== undefined && { metric: values.metric }),
    };
    const comparison = await compareArms(question, () => Promise.resolve());
    printComparison(comparison, output);
    output.object(comparison);
  },
});

function effectOf(text: string): number {
  const effect = Number(text);
  if (text.trim() !== '' && effect >= 0 && effect < Infinity) return effect;
  throw new UserError(`--min-effect is "${text}"; it must be a number of at least 0, such as 0.01.`);
}

function printComparison(comparison: Comparison, output: Output): void {
  const { a, b, split, metric, minimumEffect, wins, ties, losses, metrics, settings, rows } = comparison;
  const { meanA, meanB, intervalA, intervalB, difference, differenceInterval, pValue } = comparison;
  output.line(`${metric} on the ${split} split, ${rows.length} queries, with 95 % intervals`);
  const table = [
    [a, meanA.toFixed(4), shown(intervalA)],
    [b, meanB.toFixed(4), shown(intervalB)],
    [
      'difference',
      signed(difference, 4),
      shown(differenceInterval),
      `p = ${pValue.toFixed(4)} (paired randomisation test)`,
    ],
  ];
  for (const line of alignedRows(table)) output.line(line);
  const tied = minimumEffect > 0 ? `within ${minimumEffect} on` : 'equal on';
  output.line(`${b} is better on ${wins} queries, ${tied} ${ties}, worse on ${losses}`);
  for (const other of metrics.slice(1)) {
    output.line(
      `${other.name}: ${other.meanA.toFixed(4)} → ${other.meanB.toFixed(4)} (${signed(other.difference, 4)}, p = ${other.pValue.toFixed(4)})`,
    );
  }
  for (const { name, a: ofA, b: ofB } of settings) output.line(`setting ${name}: ${ofA ?? '-'} → ${ofB ?? '-'}`);
  output.line('gain, overlap of the lists by rank, query, both rewrites:');
  for (const { gain, overlap, query, a: before, b: after } of rows) {
    const said = `${before.rewrite ?? '-'}  →  ${after.rewrite ?? '-'}`;
    output.line(`${signed(gain, 3)}  ${overlap.byRank.toFixed(2)}  ${query.replaceAll('\n', ' | ')}  |  ${said}`);
  }
}

function shown([low, high]: Interval): string {
  return `[${low.toFixed(4)}, ${high.toFixed(4)}]`;
}

function signed(value: number, digits: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(digits)}`;
}
