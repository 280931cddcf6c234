/** @file `rec-r1 compare`: two checkpoints on the same queries, with a paired test. */
import { compareCheckpoints } from '../app/compare.ts';
import { checkpointName, findCheckpoint } from '../runs/checkpoint.ts';
import { RAW_QUERY } from '../runs/comparison.ts';
import { defineCommand, noPositionals } from './command.ts';
import { splitOf } from './evaluate.ts';
import { newestRun } from './newest-run.ts';

export const compareCommand = defineCommand({
  usage: [`compare [--run RUN] [--a NAME|${RAW_QUERY}] [--b NAME] [--split NAME]`],
  about:
    'Compares two checkpoints, the start and the newest by default: means, paired randomisation test, every query.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    a: { type: 'string', value: 'NAME', about: `A checkpoint, or "${RAW_QUERY}" for the queries as typed.` },
    b: { type: 'string', value: 'NAME', about: 'A checkpoint.' },
    split: { type: 'string', value: 'NAME', about: 'train, validation or test; validation by default.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const runDir = values.run ?? newestRun();
    const a = values.a ?? checkpointName(0);
    const b = values.b ?? (await findCheckpoint(runDir)).name;
    const split = splitOf(values.split ?? 'validation');
    const comparison = await compareCheckpoints({ runDir, a, b, split }, () => Promise.resolve());
    const { metric, meanA, meanB, difference, pValue, wins, ties, losses, rows } = comparison;
    output.line(`${metric} on the ${split} split: ${a} ${meanA.toFixed(4)}, ${b} ${meanB.toFixed(4)}`);
    output.line(`difference ${difference.toFixed(4)}, p = ${pValue.toFixed(4)} (paired randomisation test)`);
    output.line(`${b} is better on ${wins} queries, equal on ${ties}, worse on ${losses}`);
    for (const { gain, query, a: before, b: after } of rows) {
      output.line(
        `${gain >= 0 ? '+' : ''}${gain.toFixed(3)}  ${query}  |  ${before.rewrite ?? '-'}  →  ${after.rewrite ?? '-'}`,
      );
    }
    output.object(comparison);
  },
});
