/**
 * @file What the extension and its panel say to each other. Types only: nothing else of `src` reaches the webview.
 *
 * The panel asks and the host answers from the run folder; the host keeps no state for the panel, so a panel that is hidden,
 * reloaded or restored asks again and shows the same.
 */
import type { Split } from '../src/data/task.ts';
import type { DocumentFields, RankingExplanation } from '../src/retrieval/explanation.ts';
import type { ComparedMetric, Comparison } from '../src/runs/comparison.ts';
import type { EvaluationRow, RolloutGroup, TokenTrace } from '../src/runs/events.ts';
import type { CheckpointEntry, RecordedEvent, RunInfo } from '../src/runs/records.ts';

export type { RewriteAnswer } from '../src/app/rewrite-answer.ts';
export type {
  ComparedTerm,
  DocumentFields,
  ExplainedRank,
  RankingExplanation,
  ScorePart,
} from '../src/retrieval/explanation.ts';
export type { ComparedMetric } from '../src/runs/comparison.ts';
export type { EvaluationRow, Rollout, RolloutGroup, RunState, StepMetrics, TokenTrace } from '../src/runs/events.ts';
export type { CheckpointEntry, EvaluationSummary, Metrics, RecordedEvent, RunInfo } from '../src/runs/records.ts';

/** What is needed to show rankings of some examples. */
export interface RankingContext {
  /** Document id to title; with a table of examples those of judged documents, the others when a row is opened. */
  readonly titles: Readonly<Record<string, string>>;
  /** Example id to document id to grade, grades above 0. */
  readonly grades: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Two queries for one need, of which the second is looked at. */
export interface QueryPair {
  readonly original: string;
  readonly rewrite: string;
  readonly exampleId: string;
}

/** Where a rollout is. */
export interface RolloutKey {
  readonly step: number;
  /** Places from 0: of its group in the step, and in the group. */
  readonly group: number;
  readonly place: number;
}

/** A ranked list for the editor's own diff editor: one line a rank. */
export interface RankedText {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Which sides were chosen: checkpoints, `RUN:checkpoint` of another run, or `raw`. */
export interface ChosenComparison {
  readonly a: string;
  readonly others: readonly string[];
  readonly split: Split;
}

export interface ComparisonResult {
  readonly chosen: ChosenComparison;
  /** One for each of the others, in their order. */
  readonly comparisons: readonly ShownComparison[];
  /** What the sides still know beside the task, of those that were probed. */
  readonly retention: readonly Retention[];
}

export interface ShownComparison extends Omit<Comparison, 'rows' | 'metrics'> {
  /** Largest gain first. */
  readonly rows: readonly ComparedQuery[];
}

/** A query of a comparison as the table shows it. */
export interface ComparedQuery {
  readonly exampleId: string;
  readonly query: string;
  readonly a: ComparedAnswer;
  readonly b: ComparedAnswer;
  /** By how much b is better in the compared metric. */
  readonly gain: number;
  /** What the two ranked lists have in common by rank, from 0 to 1. */
  readonly overlap: number;
}

interface ComparedAnswer {
  /** Null when there is none, and then `format` says why. */
  readonly rewrite: string | null;
  readonly format: string;
  /** Of the compared metric. */
  readonly value: number;
}

/** What the two sides of a comparison found for a query. */
export interface ComparedLists extends RankingContext {
  readonly b: string;
  readonly exampleId: string;
  /** Ids of the best documents of `a` and of `b`. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** The means of some probes on one checkpoint. */
export interface Retention {
  readonly side: string;
  readonly probes: readonly {
    readonly name: string;
    readonly better: 'higher' | 'lower';
    readonly mean: number;
    readonly interval: readonly [number, number];
  }[];
}

/** Events with the metrics of their steps beside them. */
export interface PackedEvents {
  /** Those of steps without their metrics. */
  readonly events: readonly RecordedEvent[];
  /** By name of the metric a value for each step, in their order; null where it is not a number. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
}

/** The run itself, and what was recorded since the last such message; `reset` when it is everything. */
export interface RunMessage extends PackedEvents {
  readonly kind: 'run';
  readonly info: RunInfo;
  readonly checkpoints: readonly CheckpointEntry[];
  readonly reset: boolean;
}

export type ToPanel =
  /** No run in the folder yet: its process is starting. */
  | { readonly kind: 'starting' }
  | RunMessage
  /** As `run`, of another run that is laid over this one. */
  | ({ readonly kind: 'other-run'; readonly info: RunInfo; readonly reset: boolean } & PackedEvents)
  /** The other runs of the runs folder. */
  | { readonly kind: 'runs'; readonly runs: readonly RunInfo[] }
  /** Why there is nothing (more) to see, with the end of the worker's log when there is one. */
  | { readonly kind: 'problem'; readonly message: string; readonly log: string }
  | ({ readonly kind: 'groups'; readonly step: number; readonly groups: readonly RolloutGroup[] } & RankingContext)
  /** The titles that were asked for; an id stands for itself where there is none. */
  | { readonly kind: 'titles'; readonly titles: RankingContext['titles'] }
  | ({ readonly kind: 'rows'; readonly evaluation: number; readonly rows: readonly EvaluationRow[] } & RankingContext)
  /** Null when the run did not record tokens. */
  | ({ readonly kind: 'trace'; readonly trace: TokenTrace | null } & RolloutKey)
  /** What the corpus has of the documents that were asked for; what it lacks is left out. */
  | {
      readonly kind: 'documents';
      readonly ids: readonly string[];
      readonly fields: Readonly<Record<string, DocumentFields>>;
    }
  | { readonly kind: 'documents-failed'; readonly ids: readonly string[]; readonly message: string }
  | { readonly kind: 'explanation'; readonly pair: QueryPair; readonly explanation: RankingExplanation }
  | { readonly kind: 'explanation-failed'; readonly pair: QueryPair; readonly message: string }
  | { readonly kind: 'comparing'; readonly label: string }
  /** All with the same side `a`, what the others are held against. */
  | ({ readonly kind: 'comparison' } & ComparisonResult)
  | { readonly kind: 'comparison-failed'; readonly message: string }
  | { readonly kind: 'compared-metrics'; readonly b: string; readonly metrics: readonly ComparedMetric[] }
  | ({ readonly kind: 'compared-lists' } & ComparedLists);

export type FromPanel =
  /** The page runs, and knows the run up to the event with id `known`; 0 when it knows nothing. */
  | { readonly kind: 'ready'; readonly known: number }
  | { readonly kind: 'control'; readonly action: 'pause' | 'resume' | 'stop' }
  | { readonly kind: 'groups'; readonly step: number }
  | { readonly kind: 'titles'; readonly ids: readonly string[] }
  | { readonly kind: 'rows'; readonly evaluation: number }
  | { readonly kind: 'list-runs' }
  /** Which other runs are laid over this one, from now on. */
  | { readonly kind: 'overlay'; readonly dirs: readonly string[] }
  | ({ readonly kind: 'trace' } & RolloutKey)
  | { readonly kind: 'documents'; readonly ids: readonly string[] }
  /** Ask the recommender why it ranks as it does. */
  | { readonly kind: 'explain'; readonly pair: QueryPair }
  /** Show two lists in the editor's diff editor. */
  | { readonly kind: 'open-diff'; readonly before: RankedText; readonly after: RankedText }
  /** Ask the person which checkpoints, then compare. */
  | { readonly kind: 'compare' }
  /** Ask for one more that is held against the same. */
  | { readonly kind: 'compare-another' }
  /** What the panel showed before a reload of the window. */
  | { readonly kind: 'compare-again'; readonly chosen: ChosenComparison }
  /** The other metrics of the comparison were opened. */
  | { readonly kind: 'compared-metrics'; readonly b: string }
  /** A query of the comparison was opened. */
  | { readonly kind: 'compared-lists'; readonly b: string; readonly exampleId: string }
  /** Ask for a file and write a report of the comparison to it. */
  | { readonly kind: 'report' }
  | { readonly kind: 'show-log' }
  /** What a panel of this run should begin with when it is opened again. */
  | { readonly kind: 'remember'; readonly saved: SavedPanel }
  | { readonly kind: 'copy'; readonly text: string }
  /** Ask for a file and write the text to it. */
  | { readonly kind: 'save'; readonly name: string; readonly text: string };

/** What a person chose in a panel: kept to restore it after a reload of the window, and when it is closed and opened again. */
export interface SavedPanel {
  readonly dir: string;
  readonly tab?: string;
  /** The chosen step; absent while the newest is followed. */
  readonly step?: number;
  readonly curves?: Partial<CurveSettings>;
  /** Folders of the runs that are laid over this one. */
  readonly overlays?: readonly string[];
  readonly filter?: Partial<SavedFilter>;
  /** Keys of the rows whose details are open. */
  readonly open?: readonly string[];
  readonly colouring?: string;
  /** The document that is looked at in the rankings. */
  readonly document?: string;
  readonly comparison?: ChosenComparison;
  readonly compared?: { readonly shown: number; readonly filter: Partial<SavedFilter> };
  /** How far the page is scrolled, in pixels. */
  readonly scroll?: number;
}

interface SavedFilter {
  readonly show: string;
  readonly order: string;
  readonly text: string;
}

/** How curves are drawn. */
export interface CurveSettings {
  /** Names of metrics, in the order of the curves. */
  readonly metrics: readonly string[];
  /** Weight of the past in the moving average, from 0 to below 1. */
  readonly smoothing: number;
  readonly log: boolean;
}
