/** @file The options of every command that measures rankings. */
import type { DuplicateRule } from '../app/measure.ts';
import { type Gain, GAINS, METRIC_EXAMPLES } from '../retrieval/metrics.ts';
import { oneOf, type Options, type Values } from './command.ts';

const DUPLICATE_RULES = ['removed', 'paper'] as const satisfies readonly DuplicateRule[];

/** @param metrics those that are computed unless others are given. */
export const metricOptions = (metrics: readonly string[]) =>
  ({
    metric: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: `Any of ${METRIC_EXAMPLES}; ${metrics.join(', ')} unless given.`,
    },
    gain: { type: 'string', value: 'NAME', about: `How grades pay in NDCG: ${GAINS.join(', ')}; linear unless given.` },
    duplicates: {
      type: 'string',
      value: 'RULE',
      about:
        'removed (the default), or paper: an id that is listed as relevant twice counts twice in the ideal ranking.',
    },
  }) as const satisfies Options;

/** @throws UserError when one of them is none of its names. */
export function readMetricOptions({ gain, duplicates }: Values<ReturnType<typeof metricOptions>>): {
  readonly gain: Gain;
  readonly duplicates: DuplicateRule;
} {
  return {
    gain: oneOf(GAINS, gain ?? 'linear', '--gain'),
    duplicates: oneOf(DUPLICATE_RULES, duplicates ?? 'removed', '--duplicates'),
  };
}
