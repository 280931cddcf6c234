/**
 * @file What the extension and its panel say to each other. Types only: nothing else of `src` reaches the webview.
 *
 * The panel asks and the host answers from the run folder; the host keeps no state for the panel, so a panel that is hidden,
 * reloaded or restored asks again and shows the same.
 */
import type { Comparison } from '../src/runs/comparison.ts';
import type { EvaluationRow, RolloutGroup } from '../src/runs/events.ts';
import type { CheckpointEntry, RecordedEvent, RunInfo } from '../src/runs/records.ts';

export type { RewriteAnswer } from '../src/app/rewrite-answer.ts';
export type { Comparison, ComparedRow } from '../src/runs/comparison.ts';
export type { EvaluationRow, Rollout, RolloutGroup, RunState } from '../src/runs/events.ts';
export type { CheckpointEntry, EvaluationSummary, Metrics, RecordedEvent, RunInfo } from '../src/runs/records.ts';

/** What is needed to show rankings of some examples. */
export interface RankingContext {
  /** Document id to title. */
  readonly titles: Readonly<Record<string, string>>;
  /** Example id to document id to grade, grades above 0. */
  readonly grades: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export type ToPanel =
  /** No run in the folder yet: its process is starting. */
  | { readonly kind: 'starting' }
  /** The run itself, and what was recorded since the last such message; `reset` when it is everything. */
  | {
      readonly kind: 'run';
      readonly info: RunInfo;
      readonly checkpoints: readonly CheckpointEntry[];
      readonly events: readonly RecordedEvent[];
      readonly reset: boolean;
    }
  /** Why there is nothing (more) to see, with the end of the worker's log when there is one. */
  | { readonly kind: 'problem'; readonly message: string; readonly log: string }
  | ({ readonly kind: 'groups'; readonly step: number; readonly groups: readonly RolloutGroup[] } & RankingContext)
  | ({ readonly kind: 'rows'; readonly evaluation: number; readonly rows: readonly EvaluationRow[] } & RankingContext)
  | { readonly kind: 'comparing'; readonly label: string }
  | ({ readonly kind: 'comparison'; readonly comparison: Comparison } & RankingContext)
  | { readonly kind: 'comparison-failed'; readonly message: string };

export type FromPanel =
  | { readonly kind: 'ready' }
  | { readonly kind: 'control'; readonly action: 'pause' | 'resume' | 'stop' }
  | { readonly kind: 'groups'; readonly step: number }
  | { readonly kind: 'rows'; readonly evaluation: number }
  /** Ask the person which checkpoints, then compare. */
  | { readonly kind: 'compare' }
  | { readonly kind: 'show-log' }
  | { readonly kind: 'copy'; readonly text: string }
  /** Ask for a file and write the text to it. */
  | { readonly kind: 'save'; readonly name: string; readonly text: string };

/** What VS Code keeps for a panel, to restore it after a reload of the window. */
export interface SavedPanel {
  readonly dir: string;
  readonly tab?: string;
  /** The chosen step; absent while the newest is followed. */
  readonly step?: number;
}
