/**
 * @file The scored groups of a step: rollouts, their rewards, and other queries in place of those whose group has no
 * signal (DAPO's dynamic sampling, arXiv 2503.14476).
 */
import type { Example } from '../data/task.ts';
import type { Policy } from '../model/policy.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { EqualGroups } from './choices.ts';
import { hasSignal } from './equal-rewards.ts';
import { type RewardShape, type ScoredRewrite, scoreRewrites } from './reward.ts';
import type { StepClock } from './step-clock.ts';
import { rollOut, type RolloutSettings, type SampledGroup } from './rollout.ts';

export interface ScoredGroup extends SampledGroup {
  /** Of the completions, in their order. */
  readonly scored: readonly ScoredRewrite[];
}

export interface SamplingParts {
  readonly policy: Policy;
  readonly retriever: Retriever;
  readonly turn: () => Promise<void>;
  readonly clock: StepClock;
}

export interface SamplingSettings {
  readonly rollout: RolloutSettings;
  readonly reward: RewardShape;
  readonly equalGroups: EqualGroups;
  /** How often other queries are tried in place of groups without a signal. */
  readonly resampleTries: number;
}

/**
 * All groups that were sampled in a step. Those without a signal are among them, so that what is reported of a step is
 * never a selection.
 *
 * @param spares queries for a try, from 1; those that the step has had already are left out.
 */
export async function sampleGroups(
  parts: SamplingParts,
  examples: readonly Example[],
  settings: SamplingSettings,
  random: { readonly seed: number; readonly step: number },
  spares: (attempt: number) => readonly Example[],
): Promise<ScoredGroup[]> {
  const groups = await scoredGroups(parts, examples, settings, random);
  const tries = settings.equalGroups === 'resample' ? settings.resampleTries : 0;
  for (let attempt = 1; attempt <= tries; attempt++) {
    const missing = examples.length - groups.filter(({ scored }) => hasSignal(scored)).length;
    const seen = new Set(groups.map(({ example }) => example.id));
    const fresh = new Map(spares(attempt).map((example) => [example.id, example]));
    const others = [...fresh.values()].filter(({ id }) => !seen.has(id)).slice(0, missing);
    if (others.length === 0) break;
    groups.push(...(await scoredGroups(parts, others, settings, random)));
  }
  return groups;
}

/** The groups that are learnt from. */
export function taught(groups: readonly ScoredGroup[], { equalGroups }: SamplingSettings): readonly ScoredGroup[] {
  return equalGroups === 'keep' ? groups : groups.filter(({ scored }) => hasSignal(scored));
}

async function scoredGroups(
  { policy, retriever, turn, clock }: SamplingParts,
  examples: readonly Example[],
  { rollout, reward }: SamplingSettings,
  random: { readonly seed: number; readonly step: number },
): Promise<ScoredGroup[]> {
  const groups = await clock.time('sample', () => rollOut(policy, examples, rollout, random, turn));
  const items = groups.flatMap(({ example, completions }) =>
    completions.map(({ text }) => ({ example, completion: text })),
  );
  const scored = await clock.time('search', () => scoreRewrites(items, retriever, reward));
  let next = 0;
  return groups.map((group) => ({ ...group, scored: group.completions.map(() => scored[next++]) }));
}
