/**
 * @file What a step learns from its groups: each completion with its advantage. The divergence from the start policy may
 * be taken off the rewards here, instead of being added to the loss.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../model/policy.ts';
import { advantagesOf } from './advantages.ts';
import type { AdvantageKind, KlEstimator } from './choices.ts';
import { klEstimate } from './grpo.ts';
import { logProbsOf } from './log-probs.ts';
import type { SampledCompletion } from './rollout.ts';
import type { ScoredGroup } from './scored-groups.ts';
import type { ScoredSequence } from './update.ts';

export interface LessonSettings {
  readonly advantage: AdvantageKind;
  /** Weight of the divergence that is taken off the rewards; 0 when it is in the loss. */
  readonly klInReward: number;
  readonly klEstimator: KlEstimator;
  /** Whether completions that the token limit cut count in their group but are not learnt from. */
  readonly maskTruncated: boolean;
  readonly temperature: number;
  readonly microBatchTokens: number;
}

/** A completion to learn from, and where it comes from. */
export interface Lesson extends ScoredSequence {
  readonly group: ScoredGroup;
  /** In its group. */
  readonly position: number;
}

export interface Lessons {
  readonly sequences: readonly Lesson[];
  /** Of each group that was learnt from, those of its completions. */
  readonly advantages: ReadonlyMap<ScoredGroup, readonly number[]>;
  /** Log-probabilities under the start policy, of each completion that it was asked about. */
  readonly references: ReadonlyMap<SampledCompletion, readonly number[]>;
}

/** @param turn awaited between passes of the start policy; may throw to cancel. */
export async function lessonsOf(
  groups: readonly ScoredGroup[],
  reference: Policy,
  settings: LessonSettings,
  turn: () => Promise<void>,
): Promise<Lessons> {
  // A failed search says nothing about the rewrite.
  const judged = groups.flatMap((group, g) =>
    group.completions.flatMap((completion, c) => {
      const { reward } = group.scored[c];
      return reward === null ? [] : [{ ...completion, promptIds: group.promptIds, reward, g, c }];
    }),
  );
  const referenceLogProbs = await logProbsOf(reference, judged, settings, turn);
  const rewards: (number | null)[][] = groups.map(({ scored }) => scored.map(() => null));
  for (const [i, { reward, logProbs, g, c }] of judged.entries()) {
    rewards[g][c] = reward - (await klTaken(logProbs, referenceLogProbs[i], settings));
  }
  const lengths = groups.map(({ completions }) => completions.map(({ tokens }) => tokens.length));
  const advantages = advantagesOf(settings.advantage, rewards, lengths);
  return {
    sequences: judged
      .map(({ g, c, ...sequence }, i) => ({
        ...sequence,
        group: groups[g],
        position: c,
        reference: referenceLogProbs[i],
        advantage: advantages[g][c],
      }))
      .filter(({ ended }) => ended || !settings.maskTruncated),
    advantages: new Map(groups.map((group, g) => [group, advantages[g]])),
    references: new Map(judged.map(({ g, c }, i) => [groups[g].completions[c], referenceLogProbs[i]])),
  };
}

/** The weighted divergence of a whole completion. */
async function klTaken(
  logProbs: readonly number[],
  reference: readonly number[],
  { klInReward, klEstimator }: LessonSettings,
): Promise<number> {
  if (klInReward === 0) return 0;
  const sum = tf.tidy(() => tf.sum(klEstimate(klEstimator, tf.tensor1d([...logProbs]), tf.tensor1d([...reference]))));
  const [kl] = await sum.data();
  sum.dispose();
  return klInReward * kl;
}
