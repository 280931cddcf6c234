/** @file What a reader of a run gets, as data. Types only, so that the webview can share them. */
import type { Split } from '../data/task.ts';
import type { GuardName, RolloutPlace, RunState } from './events.ts';

/** The checkpoint that a forked run went on from. */
export interface Parent {
  /** The folder of its run. */
  readonly dir: string;
  readonly checkpoint: string;
}

export interface RunInfo {
  readonly dir: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly taskName: string;
  readonly taskDir: string;
  readonly totalSteps: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Absent for a run that began with a start policy. */
  readonly parent?: Parent;
  /** What the run is in, as seen from outside: a run whose process died without a word has failed. */
  readonly state: RunState;
  /** Why it failed, when it did. */
  readonly message?: string;
  /** What computed its tensors last: engine, threads, kernels. Absent for runs of older versions. */
  readonly engine?: string;
  /** Finished optimizer steps that count. */
  readonly step: number;
  /** When the last event was recorded, milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Metrics by name. A value that was not a number (a loss that overflowed) is NaN. */
export type Metrics = Readonly<Record<string, number>>;

export interface EvaluationSummary {
  readonly checkpoint: string | null;
  readonly split: Split;
  readonly metrics: Metrics;
  readonly baseline: Metrics;
}

/** An evaluation that a run recorded, without its rows; `id` is that of its event. */
export interface RecordedEvaluation extends EvaluationSummary {
  readonly id: number;
  readonly step: number;
}

/** An event without its rollouts and rows, small enough to read all of them. */
export type RecordedEvent = {
  /** Grows with time; the cursor for `eventsAfter`. */
  readonly id: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Taken back by a resume from an earlier checkpoint. */
  readonly discarded: boolean;
} & (
  | { readonly kind: 'step'; readonly metrics: Metrics }
  | { readonly kind: 'evaluation'; readonly evaluation: EvaluationSummary }
  | { readonly kind: 'checkpoint'; readonly name: string }
  | {
      readonly kind: 'guard';
      readonly guard: GuardName;
      readonly message: string;
      readonly rollout?: RolloutPlace;
    }
  | { readonly kind: 'state'; readonly state: RunState; readonly message?: string; readonly engine?: string }
  /** Steps, evaluations and checkpoints after `step` that were recorded before this no longer count. */
  | { readonly kind: 'discard' }
);

export interface CheckpointEntry {
  readonly name: string;
  readonly step: number;
  /** The folder in Hugging Face layout. */
  readonly dir: string;
}
