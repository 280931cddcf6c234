/** @file `rec-r1 score` */
import { configFrom, parseAssignments } from '../app/config.ts';
import { parseMetrics } from '../app/measure.ts';
import { openRetriever } from '../app/open-retriever.ts';
import { scoreOutputs } from '../app/score.ts';
import { UserError } from '../base/errors.ts';
import { openTask } from '../data/open-task.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { METRIC_EXAMPLES } from '../retrieval/metrics.ts';
import { BM25_OPTIONS } from './bm25-option.ts';
import { defineCommand, noPositionals, required } from './command.ts';

const DEFAULT_METRICS = ['ndcg@10', 'ndcg@100', 'recall@10'];

export const scoreCommand = defineCommand({
  usage: ['score --task DIR --outputs FILE [--split test] [--metric NAME]... [--set NAME=VALUE]...'],
  about:
    'Scores answers that a model wrote earlier, without a model: JSON Lines with _id (or user_id, history and target) and generated_text.\n' +
    'An answer is <think>…</think><answer>{"query": "…"}</answer>; --bare takes the text itself as the rewrite.',
  options: {
    task: { type: 'string', value: 'DIR', about: 'The task folder.' },
    outputs: { type: 'string', value: 'FILE', about: 'The answers.' },
    split: { type: 'string', value: 'NAME', about: `Only examples of ${SPLITS.join(', ')}; all unless given.` },
    metric: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: `Any of ${METRIC_EXAMPLES}; ${DEFAULT_METRICS.join(', ')} unless given.`,
    },
    bare: { type: 'boolean', about: 'generated_text is the rewrite itself.' },
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
    const split = splitOf(values.split);
    const metrics = parseMetrics(values.metric ?? DEFAULT_METRICS);
    const config = configFrom(parseAssignments(values.set ?? []), '--set');
    const task = await openTask(dir);
    const retriever = await openRetriever(task, config, { paperWrapper: values['paper-wrapper'] });
    const shape = {
      k: config['reward.k'],
      malformed: config['reward.malformed'],
      miss: config['reward.miss'],
      format: config['reward.format'],
    };
    const scoring = await scoreOutputs(task, outputs, retriever, { shape, metrics, split, bare: values.bare });
    output.object(scoring);
    const wrong = scoring.rows.filter(({ format }) => format !== 'ok').length;
    output.line(`${scoring.rows.length} answers, ${wrong} in a wrong format, by ${retriever.name}`);
    for (const [name, value] of Object.entries(scoring.metrics)) output.line(`${name}\t${value.toFixed(4)}`);
    if (scoring.skipped > 0)
      output.note(`${scoring.skipped} answers belong to no example of the task and were skipped.`);
  },
});

function splitOf(name: string | undefined): Split | undefined {
  if (name === undefined) return undefined;
  const split = SPLITS.find((known) => known === name);
  if (!split) throw new UserError(`--split is "${name}"; it must be ${SPLITS.join(', ')}.`);
  return split;
}
