/** @file `rec-r1 evaluate`: a checkpoint's greedy rewrites on a split, against the raw queries. */
import { evaluateCheckpoints } from '../app/evaluate.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { UserError } from '../base/errors.ts';
import { defineCommand, noPositionals } from './command.ts';
import { newestRun } from './newest-run.ts';

export const evaluateCommand = defineCommand({
  usage: ['evaluate [--run RUN] [--checkpoint NAME] [--split train|validation|test]'],
  about: 'Evaluates a checkpoint (the newest by default): means, and one row per query.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    checkpoint: { type: 'string', value: 'NAME', about: 'Such as step-000100.' },
    split: { type: 'string', value: 'NAME', about: 'train, validation or test; validation by default.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const runDir = values.run ?? newestRun();
    const split = splitOf(values.split ?? 'validation');
    const question = { runDir, checkpoints: [values.checkpoint], split };
    for await (const { checkpoint, metrics, baseline, rows } of evaluateCheckpoints(question, () =>
      Promise.resolve(),
    )) {
      output.line(`${checkpoint}, ${rows.length} queries of the ${split} split`);
      for (const [name, value] of Object.entries(metrics)) {
        const raw = name in baseline ? `  (raw query ${baseline[name].toFixed(4)})` : '';
        output.line(`  ${name.padEnd(12)} ${value.toFixed(4)}${raw}`);
      }
      output.object({
        split,
        queries: rows.length,
        checkpoint,
        metrics,
        baseline,
        perQuery: rows.map((row) => ({
          _id: row.exampleId,
          query: row.query,
          rewrite: row.rewrite,
          format: row.format,
          metrics: row.metrics,
          baseline: row.baseline,
        })),
      });
    }
  },
});

/** @throws UserError for a name that is no split. */
export function splitOf(name: string): Split {
  const split = SPLITS.find((known) => known === name);
  if (!split) throw new UserError(`--split is "${name}"; choose one of ${SPLITS.join(', ')}.`);
  return split;
}
