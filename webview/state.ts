/**
 * @file The panel's state as a function of what the host said and what the person did. Pure: a panel that is told the same
 * shows the same.
 */
import type {
  CheckpointEntry,
  Comparison,
  EvaluationRow,
  EvaluationSummary,
  Metrics,
  RankingContext,
  RecordedEvent,
  RolloutGroup,
  RunInfo,
  ToPanel,
} from './protocol.ts';
import { NO_FILTER, type RolloutFilter } from './rollout-filter.ts';

export interface StepPoint {
  readonly step: number;
  readonly metrics: Metrics;
}

export interface RecordedEvaluation extends EvaluationSummary {
  /** The event's id: names the rows. */
  readonly id: number;
  readonly step: number;
}

export type Tab = 'rollouts' | 'evaluation' | 'comparison';

export type ComparisonState =
  | { readonly kind: 'none' }
  | { readonly kind: 'working'; readonly label: string }
  | ({ readonly kind: 'done'; readonly comparison: Comparison } & RankingContext)
  | { readonly kind: 'failed'; readonly message: string };

export interface PanelState {
  /** What the run is called before it can be asked. */
  readonly fallbackName: string;
  readonly info: RunInfo | null;
  readonly problem: { readonly message: string; readonly log: string } | null;
  /** Steps that count, in order. */
  readonly steps: readonly StepPoint[];
  /** Steps that a resume took back, in the order they were recorded. */
  readonly discarded: readonly StepPoint[];
  readonly evaluations: readonly RecordedEvaluation[];
  readonly checkpoints: readonly CheckpointEntry[];
  /** The step whose rollouts are shown; null follows the newest. */
  readonly chosenStep: number | null;
  readonly groups: ({ readonly step: number; readonly groups: readonly RolloutGroup[] } & RankingContext) | null;
  readonly rows: ({ readonly evaluation: number; readonly rows: readonly EvaluationRow[] } & RankingContext) | null;
  readonly comparison: ComparisonState;
  readonly tab: Tab;
  readonly filter: RolloutFilter;
  /** Keys of the rollouts and rows whose details are open. */
  readonly open: ReadonlySet<string>;
}

/** What a person does in the panel that changes only what is shown. */
export type PanelAction =
  | { readonly kind: 'choose-step'; readonly step: number | null }
  | { readonly kind: 'choose-tab'; readonly tab: Tab }
  | { readonly kind: 'filter'; readonly filter: Partial<RolloutFilter> }
  | { readonly kind: 'toggle'; readonly key: string };

export const initialState: PanelState = {
  fallbackName: '',
  info: null,
  problem: null,
  steps: [],
  discarded: [],
  evaluations: [],
  checkpoints: [],
  chosenStep: null,
  groups: null,
  rows: null,
  comparison: { kind: 'none' },
  tab: 'rollouts',
  filter: NO_FILTER,
  open: new Set(),
};

export function reduce(state: PanelState, message: ToPanel | PanelAction): PanelState {
  switch (message.kind) {
    case 'starting':
      return { ...state, problem: null };
    case 'run':
      return withRun(state, message);
    case 'problem':
      return { ...state, problem: { message: message.message, log: message.log } };
    case 'groups':
      return message.step === wantedStep(state) ? { ...state, groups: message } : state;
    case 'rows':
      return message.evaluation === shownEvaluation(state)?.id ? { ...state, rows: message } : state;
    case 'comparing':
      return { ...state, tab: 'comparison', comparison: { kind: 'working', label: message.label } };
    case 'comparison':
      return { ...state, tab: 'comparison', comparison: { ...message, kind: 'done' } };
    case 'comparison-failed':
      return { ...state, comparison: { kind: 'failed', message: message.message } };
    case 'choose-step':
      return { ...state, chosenStep: message.step };
    case 'choose-tab':
      return { ...state, tab: message.tab };
    case 'filter':
      return { ...state, filter: { ...state.filter, ...message.filter } };
    case 'toggle':
      return { ...state, open: toggled(state.open, message.key) };
  }
}

/** The step whose rollouts should be on screen; null before the first. */
export function wantedStep(state: PanelState): number | null {
  const newest = state.steps.at(-1)?.step ?? null;
  if (state.chosenStep === null || newest === null) return newest;
  return Math.min(state.chosenStep, newest);
}

/** The evaluation whose rows the table shows: the newest. */
export function shownEvaluation(state: PanelState): RecordedEvaluation | undefined {
  return state.evaluations.at(-1);
}

/** The metric that evaluations are judged by: their first NDCG, or what there is. */
export function mainMetric(metrics: Metrics): string {
  const names = Object.keys(metrics);
  return names.find((name) => name.startsWith('ndcg')) ?? names[0];
}

export function newestMetrics(state: PanelState): Metrics | undefined {
  return state.steps.at(-1)?.metrics;
}

/** What takes time before the first step; null from then on, or when nothing is under way. */
export function activity({ info, problem, steps, evaluations }: PanelState): string | null {
  if (!info) return problem ? null : 'Loading the task and the model…';
  if (info.state !== 'running' || steps.length > 0) return null;
  return evaluations.length === 0 ? 'Evaluating the start policy on held-out queries…' : 'Sampling the first rewrites…';
}

/** Seconds until the last step at the pace of the last twenty; null when that is not known or nothing is running. */
export function secondsLeft({ info, steps }: PanelState): number | null {
  if (info?.state !== 'running' || steps.length === 0) return null;
  const recent = steps.slice(-20);
  const pace = recent.reduce((total, { metrics }) => total + metrics.stepSeconds, 0) / recent.length;
  return Number.isFinite(pace) ? pace * Math.max(0, info.totalSteps - info.step) : null;
}

function withRun(state: PanelState, message: Extract<ToPanel, { kind: 'run' }>): PanelState {
  const before = message.reset ? { ...state, steps: [], discarded: [], evaluations: [] } : state;
  const { info, checkpoints, events } = message;
  const takenBack = Math.min(...events.map((event) => (event.kind === 'discard' ? event.step : Infinity)));
  const groups = before.groups && before.groups.step <= takenBack ? before.groups : null;
  return { ...before, ...withEvents(before, events), groups, info, checkpoints, problem: null };
}

type Curves = Pick<PanelState, 'steps' | 'discarded' | 'evaluations'>;

function withEvents(before: Curves, events: readonly RecordedEvent[]): Curves {
  let steps = [...before.steps];
  let discarded = [...before.discarded];
  let evaluations = [...before.evaluations];
  for (const event of events) {
    if (event.kind === 'step') {
      (event.discarded ? discarded : steps).push({ step: event.step, metrics: event.metrics });
    } else if (event.kind === 'evaluation' && !event.discarded) {
      evaluations.push({ id: event.id, step: event.step, ...event.evaluation });
    } else if (event.kind === 'discard') {
      discarded = [...discarded, ...steps.filter(({ step }) => step > event.step)];
      steps = steps.filter(({ step }) => step <= event.step);
      evaluations = evaluations.filter(({ step }) => step <= event.step);
    }
  }
  return { steps, discarded, evaluations };
}

function toggled(open: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(open);
  if (!next.delete(key)) next.add(key);
  return next;
}
