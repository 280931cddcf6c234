/** @file `rec-r1 evaluate`: checkpoints, the raw query and other arms on the same queries, in one table. */
import { parseAssignments } from '../app/config.ts';
import { type Evaluated, evaluateArms, intervalsOf } from '../app/evaluate.ts';
import { ARM_FORMS } from '../app/open-arm.ts';
import { UserError } from '../base/errors.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { ndcgName, RAW_QUERY } from '../runs/comparison.ts';
import { defineCommand, noPositionals, type Output } from './command.ts';
import { newestRun } from './newest-run.ts';
import { alignedRows } from './table.ts';

export const evaluateCommand = defineCommand({
  usage: [
    'evaluate [--run RUN] [--checkpoint NAME]... [--arm ARM]... [--split NAME] [--samples N] [--set NAME=VALUE]...',
    'evaluate --task DIR [--arm ARM]... [--split NAME] [--samples N] [--set NAME=VALUE]...',
  ],
  about:
    'Evaluates checkpoints (the newest by default) and other arms on the same queries: one table with the raw query, means with\n' +
    '95 % bootstrap intervals, the share of shown documents that nobody has judged, and what the answers cost.\n' +
    'Choose a checkpoint by the validation split ("best" is the one); the test split is for the one that was chosen.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    checkpoint: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: 'Such as step-000100, best or newest; may be repeated.',
    },
    arm: { type: 'string', multiple: true, value: 'ARM', about: `Any of ${ARM_FORMS}; may be repeated.` },
    task: { type: 'string', value: 'DIR', about: 'Folder of a task, or "sample", to evaluate arms without a run.' },
    split: { type: 'string', value: 'NAME', about: 'train, validation or test; validation by default.' },
    samples: {
      type: 'string',
      value: 'N',
      about: 'Sample N rewrites for each query too: their mean, best and worst. Short for --set evaluation.samples=N.',
    },
    set: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      about: 'A setting that wins over the run’s, such as evaluation.k=100.',
    },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const { task, samples, checkpoint = [], arm = [] } = values;
    const named = [...checkpoint, ...arm];
    const evaluations: Evaluated[] = [];
    const question = {
      ...(task === undefined && { runDir: values.run ?? newestRun() }),
      settings: {
        ...(task !== undefined && { task }),
        ...parseAssignments(values.set ?? []),
        ...(samples !== undefined && { 'evaluation.samples': samples }),
      },
      arms: named.length > 0 ? named : [task === undefined ? 'newest' : 'raw'],
      split: splitOf(values.split ?? 'validation'),
    };
    for await (const evaluation of evaluateArms(question, () => Promise.resolve())) {
      evaluations.push(evaluation);
      output.note(`evaluated ${evaluation.arm}`);
      output.object(asJson(evaluation));
    }
    printTable(evaluations, output);
  },
});

/** @throws UserError for a name that is no split. */
export function splitOf(name: string): Split {
  const split = SPLITS.find((known) => known === name);
  if (!split) throw new UserError(`--split is "${name}"; choose one of ${SPLITS.join(', ')}.`);
  return split;
}

function asJson({ arm, split, metrics, intervals, baseline, cost, training, note, rows }: Evaluated): object {
  return {
    split,
    queries: rows.length,
    checkpoint: arm,
    metrics,
    intervals,
    baseline,
    cost,
    ...(training && { training }),
    ...(note !== undefined && { note }),
    perQuery: rows.map((row) => ({
      _id: row.exampleId,
      query: row.query,
      rewrite: row.rewrite,
      format: row.format,
      metrics: row.metrics,
      baseline: row.baseline,
    })),
  };
}

type Metrics = Readonly<Record<string, number>>;

/** The raw query, then one row for each arm; the ceiling, which is the same for all, in the line above. */
function printTable(evaluations: readonly Evaluated[], output: Output): void {
  const [{ rows, split, metrics, baseline }] = evaluations;
  const ndcg = ndcgName(metrics);
  const ceiling = metrics[ndcg.replace('ndcg', 'ceiling')].toFixed(4);
  output.line(`${rows.length} queries of the ${split} split; no ranking can have more than ${ndcg} ${ceiling}`);
  const all = [...new Set(evaluations.flatMap((one) => Object.keys(one.metrics)))];
  const columns = all.filter((name) => name.startsWith(ndcg) || !/^ceiling| \w+@/.test(name));
  const cells = (means: Metrics, perQuery: readonly Metrics[]): string[] => {
    const interval = intervalsOf(perQuery)[ndcg];
    return columns.map((name) => {
      if (!(name in means)) return '';
      return means[name].toFixed(4) + (name === ndcg ? ` [${interval.map((end) => end.toFixed(3)).join(', ')}]` : '');
    });
  };
  const asTyped: string[] = [
    'raw query',
    ...cells(
      baseline,
      rows.map((row) => row.baseline),
    ),
  ];
  const arms = evaluations.map(({ arm, metrics: means, rows: perQuery, cost, training }) => [
    arm,
    ...cells(
      means,
      perQuery.map((row) => row.metrics),
    ),
    share(cost.readTokens + cost.writtenTokens, perQuery.length, 0),
    share(cost.answerSeconds + cost.searchSeconds, perQuery.length, 4),
    ...(training && training.seconds > 0 ? [String(training.tokens), training.seconds.toFixed(0)] : []),
  ]);
  const trained = evaluations.some(({ training }) => training && training.seconds > 0);
  const made = trained ? ['tokens to train', 'seconds to train'] : [];
  const header = ['', ...columns, 'tokens/query', 'seconds/query', ...made];
  const hasRaw = evaluations.some(({ arm }) => arm === RAW_QUERY);
  for (const line of alignedRows([header, ...(hasRaw ? [] : [asTyped]), ...arms])) output.line(line);
  for (const { arm, note } of evaluations) if (note !== undefined) output.line(`${arm}: ${note}`);
}

function share(total: number, queries: number, digits: number): string {
  return total === 0 ? '' : (total / queries).toFixed(digits);
}
