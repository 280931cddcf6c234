/** @file `rec-r1 metrics`: the metrics of a run, on the screen or in files for other tools. */
import { UserError } from '../base/errors.ts';
import { eventFile, jsonLinesFile } from '../runs/metric-files.ts';
import { metricName, type Naming, NAMINGS } from '../runs/metric-names.ts';
import { openRunReader } from '../runs/reader.ts';
import { type ScalarRow, scalarRows } from '../runs/scalars.ts';
import { defineCommand, oneOf, type Output } from './command.ts';
import { newestRun } from './newest-run.ts';

export const metricsCommand = defineCommand({
  usage: ['metrics [RUN] [--names rec-r1|trl|verl] [--jsonl FILE] [--tensorboard DIR]'],
  about:
    'Prints the metrics of each step and evaluation that counts (all of them with --json), or writes them to files: JSON Lines, an event file for TensorBoard. To have the files while a run trains, give the options to rec-r1 train. Without RUN: the newest run under runs/.',
  options: {
    names: { type: 'string', value: 'NAMING', about: 'Whose names the metrics have; rec-r1 by default.' },
    jsonl: { type: 'string', value: 'FILE', about: 'Write one JSON object for each step and evaluation.' },
    tensorboard: { type: 'string', value: 'DIR', about: 'Write an event file into this folder.' },
  },
  run: ({ values, positionals }, output) => {
    if (positionals.length > 1) throw new UserError(`Give one run, not ${positionals.length}.`);
    const runDir = positionals[0] ?? newestRun();
    const naming = oneOf(NAMINGS, values.names ?? 'rec-r1', '--names');
    const rows = rowsOf(runDir, naming);
    const { jsonl, tensorboard } = values;
    if (jsonl !== undefined) jsonLinesFile(jsonl, rows);
    if (tensorboard !== undefined) eventFile(tensorboard, rows, Date.now());
    const written = [jsonl, tensorboard].filter((place) => place !== undefined);
    if (written.length === 0) for (const row of rows) print(row, naming, output);
    else output.line(`${rows.length} rows of ${runDir} are in ${written.join(' and ')}.`);
    output.object({ run: runDir, rows: rows.length, written });
    return Promise.resolve();
  },
});

function rowsOf(runDir: string, naming: Naming): readonly ScalarRow[] {
  const reader = openRunReader(runDir);
  try {
    return scalarRows(reader.eventsAfter(0), naming);
  } finally {
    reader.close();
  }
}

/** For people, as much of a step as a line takes; an evaluation is shown whole. */
const SHOWN = ['reward', 'ndcg', 'kl', 'entropy', 'loss', 'gradNorm', 'formatOk', 'length'];

function print({ step, at, values }: ScalarRow, naming: Naming, output: Output): void {
  const names = SHOWN.map((metric) => metricName(metric, naming)).filter((name) => name in values);
  const shown = (names.length > 0 ? names : Object.keys(values)).map(
    (name) => `${name} ${Number(values[name].toPrecision(4))}`,
  );
  output.line(`step ${step}  ${shown.join('  ')}`);
  output.object({ step, time: new Date(at).toISOString(), ...values });
}
