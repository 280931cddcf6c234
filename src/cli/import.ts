/** @file `rec-r1 import` */
import { importTask } from '../app/import-task.ts';
import { UserError } from '../base/errors.ts';
import { TASK_FORMATS, type TaskFormat } from '../data/open-task.ts';
import { defineCommand, noPositionals, required } from './command.ts';

export const importCommand = defineCommand({
  usage: ['import --from DIR --out DIR [--format beir|sequences]'],
  about:
    'Reads corpus.jsonl (also .gz) with queries.jsonl and qrels (BEIR) or with sequences/, and writes a task folder:\n' +
    'corpus.jsonl, queries.jsonl, qrels/train.tsv, validation.tsv and test.tsv. The layout is found out unless it is named.',
  options: {
    from: { type: 'string', value: 'DIR', about: 'The folder to read.' },
    out: { type: 'string', value: 'DIR', about: 'The folder to write; it must be new or empty.' },
    format: { type: 'string', value: 'NAME', about: `The layout: ${TASK_FORMATS.join(' or ')}.` },
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const from = required(values.from, '--from', 'data/beauty');
    const out = required(values.out, '--out', 'tasks/beauty');
    const summary = await importTask(from, out, values.format === undefined ? undefined : formatOf(values.format));
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
  if (!format) throw new UserError(`--format is "${name}"; it must be ${TASK_FORMATS.join(' or ')}.`);
  return format;
}
