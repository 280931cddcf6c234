/** @file `rec-r1 score` */
import { configFrom, parseAssignments } from '../app/config.ts';
import { parseMetrics } from '../app/measure.ts';
import { openRetriever } from '../app/open-retriever.ts';
import { openReward } from '../app/open-reward.ts';
import { scoreOutputs } from '../app/score.ts';
import { openTask } from '../data/open-task.ts';
import { SPLITS } from '../data/task.ts';
import { BM25_OPTIONS } from './bm25-option.ts';
import { defineCommand, noPositionals, oneOf, required } from './command.ts';
import { encodingNotes } from './encoding-notes.ts';
import { metricOptions, readMetricOptions } from './metric-options.ts';

const DEFAULT_METRICS = ['ndcg@10', 'ndcg@100', 'recall@10'];

export const scoreCommand = defineCommand({
  usage: ['score --task DIR --outputs FILE|DIR [--split test] [--by COLUMN] [--metric NAME]... [--set NAME=VALUE]...'],
  about:
    'Scores answers that a model wrote earlier, without a model: tables (.jsonl, .csv, .tsv, also .gz, or .parquet) as this\n' +
    'program, the paper’s authors (_id or user_id, history and target; generated_text), TRL (prompt, completion) and verl\n' +
    '(input, output, gts) store them, one file or a folder of them.\n' +
    'An answer is <think>…</think><answer>{"query": "…"}</answer>; --bare takes the text itself as the rewrite.',
  options: {
    task: { type: 'string', value: 'DIR', about: 'The task folder.' },
    outputs: { type: 'string', value: 'PATH', about: 'The answers: a file, or a folder with a file for each step.' },
    split: { type: 'string', value: 'NAME', about: `Only examples of ${SPLITS.join(', ')}; all unless given.` },
    ...metricOptions(DEFAULT_METRICS),
    by: { type: 'string', value: 'COLUMN', about: 'Means for each value of a column too, such as step or system.' },
    bare: { type: 'boolean', about: 'The text is the rewrite itself.' },
    set: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      about: 'A setting of the reward or the search, such as reward.k=1000 or bm25.b=0.4.',
    },
    'paper-wrapper': BM25_OPTIONS['paper-wrapper'],
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const dir = required(values.task, '--task', 'tasks/beauty');
    const outputs = required(values.outputs, '--outputs', 'answers.jsonl');
    const split = values.split === undefined ? undefined : oneOf(SPLITS, values.split, '--split');
    const { gain, duplicates } = readMetricOptions(values);
    const metrics = parseMetrics(values.metric ?? DEFAULT_METRICS);
    const config = configFrom(parseAssignments(values.set ?? []), '--set');
    const task = await openTask(dir);
    const retriever = await openRetriever(task, config, {
      paperWrapper: values['paper-wrapper'],
      onProgress: encodingNotes(output),
    });
    const reward = await openReward(task, config);
    const scoring = await scoreOutputs(task, outputs, retriever, {
      shape: reward.shape,
      metrics,
      gain,
      duplicates,
      split,
      bare: values.bare,
      by: values.by,
    }).finally(async () => {
      await reward.dispose();
      await retriever.dispose?.();
    });
    output.object(scoring);
    const wrong = scoring.rows.filter(({ format }) => format !== 'ok').length;
    output.line(`${scoring.rows.length} answers, ${wrong} in a wrong format, by ${retriever.name}`);
    for (const [name, value] of Object.entries(scoring.metrics)) output.line(`${name}\t${value.toFixed(4)}`);
    for (const { name, answers, metrics: means } of scoring.groups) {
      const cells = Object.entries(means).map(([metric, value]) => `${metric} ${value.toFixed(4)}`);
      output.line([name, `${answers} answers`, ...cells].join('\t'));
    }
    const notes = scoring.rows.flatMap(({ _id, note }) => (note === undefined ? [] : `${_id}: ${note}`));
    if (notes.length > 0) output.note(`${notes.length} searches came with a note, the first for ${notes[0]}`);
    if (scoring.skipped > 0) output.note(`${scoring.skipped} answers were skipped: ${scoring.skippedBecause}.`);
  },
});
