/** @file `rec-r1 measure` */
import { measureLists, parseMetrics } from '../app/measure.ts';
import { defineCommand, noPositionals, required } from './command.ts';
import { metricOptions, readMetricOptions } from './metric-options.ts';

const DEFAULT_METRICS = ['ndcg@10'];

export const measureCommand = defineCommand({
  usage: ['measure --lists FILE [--metric NAME]... [--gain NAME] [--duplicates paper]'],
  about:
    'Measures stored rankings: JSON Lines with _id, retrieved (ids, best first) and relevant (ids, or grades by id) or target (an id).',
  options: {
    lists: { type: 'string', value: 'FILE', about: 'The rankings.' },
    ...metricOptions(DEFAULT_METRICS),
  },
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const { gain, duplicates } = readMetricOptions(values);
    const metrics = parseMetrics(values.metric ?? DEFAULT_METRICS);
    const measurement = await measureLists(required(values.lists, '--lists', 'run.jsonl'), metrics, duplicates, gain);
    output.object(measurement);
    output.line(`${measurement.rows.length} rankings`);
    for (const [name, value] of Object.entries(measurement.metrics)) output.line(`${name}\t${value.toFixed(4)}`);
  },
});
