/**
 * @file What our metrics are called in TRL and verl, so that curves of runs trained there and here can be laid on one
 * another. Only names of the same quantity are listed; what has no like keeps our name.
 */
import type { StepMetrics } from './events.ts';

export const NAMINGS = ['rec-r1', 'trl', 'verl'] as const;
export type Naming = (typeof NAMINGS)[number];

type Aliases = Readonly<Partial<Record<Exclude<Naming, 'rec-r1'>, string>>>;

/** verl's `actor/pg_loss` is the loss without divergence and entropy, which ours has in it; so there is no alias for it. */
export const METRIC_ALIASES: Readonly<Partial<Record<keyof StepMetrics, Aliases>>> = {
  reward: { trl: 'reward', verl: 'critic/rewards/mean' },
  rewardStd: { trl: 'reward_std' },
  ndcg: { trl: 'rewards/ndcg/mean' },
  kl: { trl: 'kl', verl: 'actor/kl_loss' },
  entropy: { trl: 'entropy', verl: 'actor/entropy' },
  loss: { trl: 'loss' },
  gradNorm: { trl: 'grad_norm', verl: 'actor/grad_norm' },
  clipFraction: { trl: 'clip_ratio/region_mean', verl: 'actor/pg_clipfrac' },
  correction: { trl: 'sampling/importance_sampling_ratio/mean' },
  length: { trl: 'completions/mean_length', verl: 'response_length/mean' },
  truncated: { trl: 'completions/clipped_ratio', verl: 'response_length/clip_ratio' },
  zeroVariance: { trl: 'frac_reward_zero_std' },
  learningRate: { trl: 'learning_rate', verl: 'actor/lr' },
  tokensPerSecond: { verl: 'perf/throughput' },
  stepSeconds: { trl: 'step_time', verl: 'timing_s/step' },
  sampleSeconds: { verl: 'timing_s/gen' },
  searchSeconds: { verl: 'timing_s/reward' },
  referenceSeconds: { verl: 'timing_s/ref' },
  updateSeconds: { verl: 'timing_s/update_actor' },
};

/** The name of a metric of a step. */
export function metricName(metric: string, naming: Naming): string {
  const aliases: Readonly<Record<string, Aliases | undefined>> = METRIC_ALIASES;
  const alias = naming !== 'rec-r1' && Object.hasOwn(METRIC_ALIASES, metric) ? aliases[metric]?.[naming] : undefined;
  return alias ?? metric;
}

/** The name of a metric of an evaluation, such as `validation/ndcg@10`. */
export function evaluationName(metric: string, split: string, naming: Naming): string {
  if (naming === 'trl') return split === 'validation' ? `eval_${metric}` : `eval_${split}_${metric}`;
  return `${naming === 'verl' && split === 'validation' ? 'val' : split}/${metric}`;
}
