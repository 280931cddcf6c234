/** @file `rec-r1 measure` */
import { measureLists, parseMetrics } from '../app/measure.ts';
import { UserError } from '../base/errors.ts';
import { METRIC_EXAMPLES } from '../retrieval/metrics.ts';
import { defineCommand, noPositionals, required } from './command.ts';

export const measureCommand = defineCommand({
  usage: ['measure --lists FILE [--metric NAME]... [--duplicates paper]'],
  about:
    'Measures stored rankings: JSON Lines with _id, retrieved (ids, best first) and relevant (ids) or target (an id).',
  options: {
    lists: { type: 'string', value: 'FILE', about: 'The rankings.' },
    metric: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: `Any of ${METRIC_EXAMPLES}; ndcg@10 unless given.`,
    },
    duplicates: {
      type: 'string',
      value: 'RULE',
      about: 'removed (the default), or paper: an id that is relevant twice counts twice in the ideal ranking.',
    },
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const duplicates = values.duplicates ?? 'removed';
    if (duplicates !== 'removed' && duplicates !== 'paper') {
      throw new UserError(`--duplicates is "${duplicates}"; it must be removed or paper.`);
    }
    const metrics = parseMetrics(values.metric ?? ['ndcg@10']);
    const measurement = await measureLists(required(values.lists, '--lists', 'run.jsonl'), metrics, duplicates);
    output.object(measurement);
    output.line(`${measurement.rows.length} rankings`);
    for (const [name, value] of Object.entries(measurement.metrics)) output.line(`${name}\t${value.toFixed(4)}`);
  },
});
