/** @file `rec-r1 import` */
import { importTask } from '../app/import-task.ts';
import { UserError } from '../base/errors.ts';
import { nearestTo } from '../base/nearest.ts';
import { REVIEW_SETTINGS } from '../data/amazon-reviews.ts';
import { ESCI_SIZES } from '../data/esci.ts';
import { LAYOUTS, type OpenOptions, TASK_FORMATS } from '../data/open-task.ts';
import { COLUMNS } from '../data/table.ts';
import { countOf, defineCommand, noPositionals, oneOf, required, type Values } from './command.ts';
import { untilInterrupted } from './interrupt.ts';

const FORMAT_WIDTH = Math.max(...TASK_FORMATS.map((name) => name.length));

const OPTIONS = {
  from: { type: 'string', value: 'DIR', about: 'The folder to read.' },
  out: { type: 'string', value: 'DIR', about: 'The folder to write; it must be new or empty.' },
  format: { type: 'string', value: 'NAME', about: `The layout: ${TASK_FORMATS.join(', ')}.` },
  columns: { type: 'string', value: 'OURS=THEIRS,…', about: `table: what ${COLUMNS.join(', ')} are called there.` },
  grades: {
    type: 'string',
    value: 'LABEL=N,…',
    about: 'table and esci: what labels are worth, such as E=3,S=2,C=1. ESCI: E=1 unless given, as in the paper.',
  },
  labels: { type: 'string', value: 'LABEL,…', about: 'esci: labels that are relevant, all with grade 1, such as E,S.' },
  locale: { type: 'string', value: 'NAME', about: 'esci: us, es or jp; us unless given.' },
  size: { type: 'string', value: 'NAME', about: `esci: judgments, ${ESCI_SIZES.join(' or ')}; small unless given.` },
  setting: {
    type: 'string',
    value: 'NAME',
    about: `amazon-reviews: ${REVIEW_SETTINGS.join(', ')}; which items evaluation knows from training. all unless given.`,
  },
  'min-history': { type: 'string', value: 'N', about: 'amazon-reviews: the shortest history; 1 unless given.' },
} as const;

export const importCommand = defineCommand({
  usage: ['import --from DIR --out DIR [--format NAME] [OPTIONS]'],
  about: [
    'Reads a data set and writes a task folder: corpus.jsonl, queries.jsonl, qrels/train.tsv, validation.tsv and test.tsv.',
    'Rows are written as they are read, so that a corpus may be larger than memory. The layout is found out unless it is named:',
    ...TASK_FORMATS.map((name) => `  ${name.padEnd(FORMAT_WIDTH)}  ${LAYOUTS[name].files}`),
  ].join('\n'),
  options: OPTIONS,
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const from = required(values.from, '--from', 'data/beauty');
    const out = required(values.out, '--out', 'tasks/beauty');
    const options = openOptions(values);
    const summary = await untilInterrupted((signal) => importTask(from, out, options, signal));
    const { train, validation, test } = summary.examples;
    output.object(summary);
    output.line(
      `${summary.task}: ${summary.documents} documents, ${train} train, ${validation} validation, ${test} test`,
    );
    for (const note of summary.notes) output.line(note);
  },
});

function openOptions(values: Values<typeof OPTIONS>): OpenOptions {
  return {
    ...(values.format !== undefined && { format: oneOf(TASK_FORMATS, values.format, '--format') }),
    ...(values.columns !== undefined && { columns: columnsOf(values.columns) }),
    ...gradesOf(values.grades, values.labels),
    ...(values.locale !== undefined && { locale: values.locale }),
    ...(values.size !== undefined && { size: oneOf(ESCI_SIZES, values.size, '--size') }),
    ...(values.setting !== undefined && { setting: oneOf(REVIEW_SETTINGS, values.setting, '--setting') }),
    ...(values['min-history'] !== undefined && { minHistory: countOf(values['min-history'], '--min-history') }),
  };
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

function gradesOf(grades: string | undefined, labels: string | undefined): Pick<OpenOptions, 'grades'> {
  if (grades !== undefined && labels !== undefined) {
    throw new UserError('--labels and --grades say the same; give one of them.');
  }
  if (labels !== undefined) return { grades: Object.fromEntries(labels.split(',').map((label) => [label.trim(), 1])) };
  if (grades === undefined) return {};
  return {
    grades: Object.fromEntries(
      pairs(grades, '--grades').map(([label, grade]) => {
        if (Number.isNaN(Number(grade)))
          throw new UserError(`--grades: "${grade}" is no number; write it as ${label}=1.`);
        return [label, Number(grade)];
      }),
    ),
  };
}

function pairs(text: string, option: string): [string, string][] {
  return text.split(',').map((pair) => {
    const [key, value] = pair.split('=', 2).map((part) => part.trim());
    if (!key || !value) throw new UserError(`${option}: "${pair}" is not of the form name=value.`);
    return [key, value];
  });
}
