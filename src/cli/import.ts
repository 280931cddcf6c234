/** @file `rec-r1 import` */
import { importTask } from '../app/import-task.ts';
import { UserError } from '../base/errors.ts';
import { nearestTo } from '../base/nearest.ts';
import { TASK_FORMATS, type TaskFormat } from '../data/open-task.ts';
import { COLUMNS } from '../data/table.ts';
import { defineCommand, noPositionals, required } from './command.ts';

export const importCommand = defineCommand({
  usage: [`import --from DIR --out DIR [--format ${TASK_FORMATS.join('|')}] [--columns …] [--grades …]`],
  about:
    'Reads a data set and writes a task folder: corpus.jsonl, queries.jsonl, qrels/train.tsv, validation.tsv and test.tsv.\n' +
    'The layout is found out unless it is named:\n' +
    '  beir       corpus.jsonl (also .gz), queries.jsonl, and qrels.tsv or qrels/{train,validation,test}.tsv\n' +
    '  sequences  corpus.jsonl and sequences/*.jsonl with user_id, history and target\n' +
    '  trec       documents* (SGML), topics* and qrels*\n' +
    '  table      documents and judgments, each .csv, .tsv or .jsonl',
  options: {
    from: { type: 'string', value: 'DIR', about: 'The folder to read.' },
    out: { type: 'string', value: 'DIR', about: 'The folder to write; it must be new or empty.' },
    format: { type: 'string', value: 'NAME', about: `The layout: ${TASK_FORMATS.join(', ')}.` },
    columns: {
      type: 'string',
      value: 'OURS=THEIRS,…',
      about: `Tables only: what ${COLUMNS.join(', ')} are called there.`,
    },
    grades: {
      type: 'string',
      value: 'LABEL=N,…',
      about: 'Tables only: what labels are worth, such as Exact=3,Substitute=1.',
    },
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const from = required(values.from, '--from', 'data/beauty');
    const out = required(values.out, '--out', 'tasks/beauty');
    const summary = await importTask(from, out, {
      ...(values.format !== undefined && { format: formatOf(values.format) }),
      ...(values.columns !== undefined && { columns: columnsOf(values.columns) }),
      ...(values.grades !== undefined && { grades: gradesOf(values.grades) }),
    });
    const { train, validation, test } = summary.examples;
    output.object(summary);
    output.line(
      `${summary.task}: ${summary.documents} documents, ${train} train, ${validation} validation, ${test} test`,
    );
    for (const note of summary.notes) output.line(note);
  },
});

function formatOf(name: string): TaskFormat {
  const format = TASK_FORMATS.find((known) => known === name);
  if (!format) throw new UserError(`--format is "${name}"; it must be ${TASK_FORMATS.join(', ')}.`);
  return format;
}

function columnsOf(text: string): Record<string, string> {
  const columns = pairs(text, '--columns');
  for (const [ours] of columns) {
    if (COLUMNS.some((known) => known === ours)) continue;
    const nearest = nearestTo(ours, COLUMNS);
    throw new UserError(
      `--columns has no "${ours}"; ${nearest ? `did you mean "${nearest}"?` : `it knows ${COLUMNS.join(', ')}.`}`,
    );
  }
  return Object.fromEntries(columns);
}

function gradesOf(text: string): Record<string, number> {
  return Object.fromEntries(
    pairs(text, '--grades').map(([label, grade]) => {
      if (Number.isNaN(Number(grade)))
        throw new UserError(`--grades: "${grade}" is no number; write it as ${label}=1.`);
      return [label, Number(grade)];
    }),
  );
}

function pairs(text: string, option: string): [string, string][] {
  return text.split(',').map((pair) => {
    const [key, value] = pair.split('=', 2).map((part) => part.trim());
    if (!key || !value) throw new UserError(`${option}: "${pair}" is not of the form name=value.`);
    return [key, value];
  });
}
