/**
 * @file What a run can say, as data. The trainer yields these, the store writes and reads them, everything else shows them.
 */
import type { Split } from '../data/task.ts';

/** Means over a training step's rollouts unless said otherwise. Names follow the field; `neighbours` maps them to TRL and verl. */
export interface StepMetrics {
  readonly reward: number;
  /** Mean over the groups of the standard deviation inside the group. */
  readonly rewardStd: number;
  readonly ndcg: number;
  /** k3 estimate of KL(policy ‖ start policy) per token. */
  readonly kl: number;
  /** Nats per sampled token. */
  readonly entropy: number;
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** Share of tokens whose ratio was outside the clip range. */
  readonly clipFraction: number;
  /** Mean weight of the correction for how tokens were drawn; 1 without it. */
  readonly correction: number;
  /** Tokens per completion. */
  readonly length: number;
  /** Share of completions that reached the token limit. */
  readonly truncated: number;
  /** Share of prompts that were too long, so that a part of the query, the history or the candidates is missing. */
  readonly promptsCut: number;
  /** Share of completions in the right format. */
  readonly formatOk: number;
  /** Share of groups whose rewards are all equal and so teach nothing. */
  readonly zeroVariance: number;
  /** Shares of groups whose rewards are all equal because every rewrite ranks perfectly … */
  readonly allRight: number;
  /** … finds nothing relevant … */
  readonly allMissed: number;
  /** … is in a wrong format … */
  readonly allMalformed: number;
  /** … or is the same, or just as good. */
  readonly allEqual: number;
  /** Count of searches, and of rewards of one's own, that failed; those rollouts have no reward. */
  readonly retrievalErrors: number;
  /** Count of optimizer steps that were left out because loss or gradient was not finite. */
  readonly skippedUpdates: number;
  /** Signs that the reward is gained in a way nobody meant; see `rl/hacking-signs.ts`. Share of rewrites with a relevant title … */
  readonly copiedTitles: number;
  /** … of words that the rewrite had before … */
  readonly repeatedWords: number;
  /** … words per rewrite … */
  readonly words: number;
  /** … share of groups with a rewrite that another query has too … */
  readonly sharedRewrites: number;
  /** … and the correlation of words and reward inside the groups, from −1 to 1. */
  readonly lengthReward: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
  readonly stepSeconds: number;
  /** Of a step: writing the rewrites … */
  readonly sampleSeconds: number;
  /** … searching with them, and with the queries as typed … */
  readonly searchSeconds: number;
  /** … what the start policy makes of them … */
  readonly referenceSeconds: number;
  /** … and the gradient and the change of the weights. */
  readonly updateSeconds: number;
  /** Resident memory of the process that trains, when the step was finished. */
  readonly memoryBytes: number;
}

/** A completion token by token: where the policy was sure of itself, and where it has left the start policy. */
export interface TokenTrace {
  /** What each token adds to the text; they join up to it. Empty for an end token. */
  readonly pieces: readonly string[];
  /** Of each token when it was sampled, in nats. */
  readonly logProbs: readonly number[];
  /** Of each token under the start policy; absent where the step did not need it. */
  readonly reference?: readonly number[];
}

/** Means over the pairs of a supervised or preference step. */
export interface TuningMetrics {
  /** Nats per token of the completions, or per pair where a better and a worse answer are compared. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** Tokens per completion. */
  readonly length: number;
  /** Tokens learnt from … */
  readonly tokens: number;
  /** … and those that were sampled to have something to learn from, in the first step that did so. */
  readonly sampledTokens?: number;
  readonly samplingSeconds?: number;
  /** Share of pairs whose better answer gained more probability over the start policy than the worse one. */
  readonly accuracy?: number;
  /** By how much more, in nats times beta. */
  readonly margin?: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
  readonly stepSeconds: number;
}

export interface Rollout {
  /** The completion as the model wrote it. */
  readonly text: string;
  /** The parsed rewrite; null when the format is wrong. */
  readonly rewrite: string | null;
  /** 'ok' or what is wrong with the format. */
  readonly format: string;
  /** Null when the search failed: an error is not a score. */
  readonly reward: number | null;
  /** Every term of the reward, by name and before its weight: `format`, `ndcg`. */
  readonly terms: Readonly<Record<string, number>>;
  readonly advantage: number;
  /** Sampled tokens, the end token included. */
  readonly tokens: number;
  /** Mean log-probability of the sampled tokens. */
  readonly logProb: number;
  /** Ids of the best ten documents. */
  readonly top: readonly string[];
  readonly error?: string;
  /** What the recommender said of the search, such as that the query's syntax was wrong and it was searched as plain words. */
  readonly note?: string;
  /** Recorded unless a setting says otherwise, and read only on demand. */
  readonly trace?: TokenTrace;
}

/** One query and its rewrites. */
export interface RolloutGroup {
  readonly exampleId: string;
  readonly query: string;
  /** What the raw query gets: the row that every rewrite is compared with. Null and empty when its search failed. */
  readonly baseline: { readonly ndcg: number | null; readonly top: readonly string[] };
  readonly rollouts: readonly Rollout[];
}

export interface EvaluationRow {
  readonly exampleId: string;
  readonly query: string;
  readonly rewrite: string | null;
  readonly format: string;
  /** By name, such as `ndcg@10`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly top: readonly string[];
  readonly baselineTop: readonly string[];
}

export interface Evaluation {
  readonly step: number;
  /** The checkpoint's name; null for weights that were not saved. */
  readonly checkpoint: string | null;
  readonly split: Split;
  readonly metrics: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly rows: readonly EvaluationRow[];
}

/**
 * What watches a training and holds it when it goes wrong. `retriever` pauses it; the others end it with a checkpoint:
 *
 * - `not-finite`: a loss or gradient that is no number; that update was left out.
 * - `entropy`: the policy writes nearly the same whatever it is asked.
 * - `malformed`, `clipped`: answers in a wrong format, or cut by the token limit, became much more frequent.
 * - `disk`: what was to be saved found no room.
 */
export const GUARDS = ['not-finite', 'entropy', 'malformed', 'clipped', 'retriever', 'disk'] as const;
export type GuardName = (typeof GUARDS)[number];

/** Where a rollout stands in the groups of its step. */
export interface RolloutPlace {
  readonly group: number;
  readonly position: number;
}

export type RunState = 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

/**
 * What the trainer yields. `step` counts finished optimizer steps: the first step event has step 1, and the evaluation and
 * the checkpoint of the start policy have step 0.
 */
export type TrainEvent =
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly metrics: StepMetrics | TuningMetrics;
      readonly groups: readonly RolloutGroup[];
    }
  | { readonly kind: 'evaluation'; readonly evaluation: Evaluation }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly name: string }
  | {
      readonly kind: 'guard';
      /** Finished steps when it acted. */
      readonly step: number;
      readonly guard: GuardName;
      /** Whole sentences: what happened, and what to do. */
      readonly message: string;
      /** The first rollout of the step that shows it, where one does. */
      readonly rollout?: RolloutPlace;
    };

/** What the run folder records: what the trainer yields, and what happened to the run itself. */
export type RunEvent =
  | TrainEvent
  | {
      readonly kind: 'state';
      readonly state: RunState;
      readonly step: number;
      readonly message?: string;
      /** What computes the tensors from here on: engine, threads, kernels. Results may differ in the last bits between them. */
      readonly engine?: string;
    };
