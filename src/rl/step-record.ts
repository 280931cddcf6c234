/** @file What is reported of a training step: its metrics, and its rollouts as they are recorded. */
import type { Rollout, RolloutGroup, StepMetrics, TokenTrace } from '../runs/events.ts';
import { sampleDeviation } from './advantages.ts';
import { type EqualCause, equalCause } from './equal-rewards.ts';
import { hackingSigns } from './hacking-signs.ts';
import type { SampledCompletion } from './rollout.ts';
import type { ScoredGroup } from './scored-groups.ts';
import type { StepClock } from './step-clock.ts';
import type { UpdateStatistics } from './update.ts';

/** The metrics of a step, over all groups that were sampled in it. */
export function stepMetrics(
  groups: readonly ScoredGroup[],
  update: UpdateStatistics,
  learningRate: number,
  times: StepTimes,
  titleOf: (id: string) => string | undefined,
): Omit<StepMetrics, 'memoryBytes'> {
  const completions = groups.flatMap((group) => group.completions);
  const rewrites = groups.flatMap(({ scored }) => scored);
  const rewards = groups.map(({ scored }) => scored.flatMap(({ reward }) => (reward === null ? [] : [reward])));
  const deviations = rewards.map(sampleDeviation);
  const causes = groups.map(({ scored }) => equalCause(scored));
  const equalBy = (...wanted: readonly EqualCause[]): number =>
    share(causes, (cause) => cause !== null && wanted.includes(cause));
  const tokens = completions.reduce((sum, completion) => sum + completion.tokens.length, 0);
  const judged = rewrites.filter(({ reward }) => reward !== null);
  return {
    reward: mean(rewards.flat()),
    rewardStd: mean(deviations),
    ndcg: mean(judged.map(({ terms }) => ('ndcg' in terms ? terms.ndcg : 0))),
    ...update,
    length: tokens / completions.length,
    truncated: share(completions, ({ ended }) => !ended),
    promptsCut: share(groups, ({ promptCut }) => promptCut),
    formatOk: share(rewrites, ({ parsed }) => parsed.format === 'ok'),
    zeroVariance: share(deviations, (deviation) => deviation === 0),
    allRight: equalBy('right'),
    allMissed: equalBy('missed'),
    allMalformed: equalBy('malformed'),
    allEqual: equalBy('same', 'equal'),
    retrievalErrors: rewrites.length - judged.length,
    ...hackingSigns(groups, titleOf),
    learningRate,
    tokensPerSecond: tokens / times.stepSeconds,
    ...times,
  };
}

type StepTimes = Pick<
  StepMetrics,
  'stepSeconds' | 'sampleSeconds' | 'searchSeconds' | 'referenceSeconds' | 'updateSeconds'
>;

export function timesOf(clock: StepClock, stepSeconds: number): StepTimes {
  return {
    stepSeconds,
    sampleSeconds: clock.seconds('sample'),
    searchSeconds: clock.seconds('search'),
    referenceSeconds: clock.seconds('reference'),
    updateSeconds: clock.seconds('update'),
  };
}

/**
 * A group with its rollouts, as it is recorded.
 *
 * @param advantages absent for a group that was not learnt from.
 */
export function recordOf(
  group: ScoredGroup,
  advantages: readonly number[] | undefined,
  baseline: RolloutGroup['baseline'],
  traceOf: (completion: SampledCompletion) => TokenTrace | undefined,
): RolloutGroup {
  return {
    exampleId: group.example.id,
    query: group.example.query,
    baseline,
    rollouts: group.completions.map((completion, c): Rollout => {
      const { parsed, reward, terms, ranking, error, note } = group.scored[c];
      const trace = traceOf(completion);
      return {
        text: completion.text,
        rewrite: parsed.rewrite,
        format: parsed.format,
        reward,
        terms,
        advantage: advantages?.[c] ?? 0,
        tokens: completion.tokens.length,
        logProb: mean(completion.logProbs),
        top: ranking.top,
        ...(error === undefined ? {} : { error }),
        ...(note === undefined ? {} : { note }),
        ...(trace && { trace }),
      };
    }),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}
