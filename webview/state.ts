/**
 * @file The panel's state as a function of what the host said and what the person did. Pure: a panel that is told the same
 * shows the same.
 */
import type {
  CheckpointEntry,
  ChosenComparison,
  ComparedLists,
  ComparedMetric,
  ComparisonResult,
  CurveSettings,
  DocumentFields,
  EvaluationRow,
  Metrics,
  QueryPair,
  RankingContext,
  RankingExplanation,
  RolloutGroup,
  RolloutKey,
  RunInfo,
  TokenTrace,
  ToPanel,
} from './protocol.ts';
import { type ComparisonFilter, NO_COMPARISON_FILTER } from './comparison-filter.ts';
import { t } from './l10n.ts';
import { NO_FILTER, type RolloutFilter } from './rollout-filter.ts';
import { extended, NO_HISTORY, type RecordedEvaluation, type RunHistory } from './run-history.ts';
import { unpacked } from './unpack-events.ts';

export type Tab = 'rollouts' | 'evaluation' | 'comparison';

export type Menu = 'metrics' | 'runs';

/** What tokens are coloured by. */
export type TokenColouring = 'plain' | 'log-probability' | 'difference';

export interface ComparisonState {
  /** What is under way, or why it came to nothing. */
  readonly status:
    { readonly kind: 'working'; readonly label: string } | { readonly kind: 'failed'; readonly message: string } | null;
  readonly result: ComparisonResult | null;
  /** Whether all metrics are looked at, and those that are known, by the side that is judged. */
  readonly showsMetrics: boolean;
  readonly metrics: ReadonlyMap<string, readonly ComparedMetric[]>;
  /** By `comparedKey`, of queries that were opened. */
  readonly lists: ReadonlyMap<string, ComparedLists>;
  /** What was chosen when the person last saw the panel: a comparison that is new to them comes to the front. */
  readonly seen: ChosenComparison | null;
  /** Which of the others is shown query by query; its place. */
  readonly shown: number;
  readonly filter: ComparisonFilter;
}

/** An explanation that was asked for. */
export type ExplanationState =
  | { readonly kind: 'working' }
  | { readonly kind: 'done'; readonly explanation: RankingExplanation }
  | { readonly kind: 'failed'; readonly message: string };

/** What the corpus has of a document, as far as that is known. */
export type KnownDocument =
  | { readonly kind: 'wanted' }
  | { readonly kind: 'known'; readonly fields: DocumentFields }
  /** The corpus lacks it, or could not be read. */
  | { readonly kind: 'unknown'; readonly message?: string };

/** Another run, laid over this one. */
export interface OtherRun extends RunHistory {
  readonly info: RunInfo;
}

export interface PanelState extends RunHistory {
  /** What the run is called before it can be asked. */
  readonly fallbackName: string;
  readonly info: RunInfo | null;
  readonly problem: { readonly message: string; readonly log: string } | null;
  readonly checkpoints: readonly CheckpointEntry[];
  readonly curves: CurveSettings;
  /** Folders of the runs that should be laid over this one, and those of them that are known by now. */
  readonly overlays: readonly string[];
  readonly others: ReadonlyMap<string, OtherRun>;
  /** Which menu is open. */
  readonly menu: Menu | null;
  /** The other runs that could be laid over this one; null until asked for. */
  readonly runs: readonly RunInfo[] | null;
  /** The step whose rollouts are shown; null follows the newest. */
  readonly chosenStep: number | null;
  readonly groups: ({ readonly step: number; readonly groups: readonly RolloutGroup[] } & RankingContext) | null;
  readonly rows: ({ readonly evaluation: number; readonly rows: readonly EvaluationRow[] } & RankingContext) | null;
  readonly comparison: ComparisonState;
  /** Of documents, as far as the panel was told them. */
  readonly titles: RankingContext['titles'];
  readonly tab: Tab;
  readonly filter: RolloutFilter;
  /** Whether the filter was changed after the rollouts that are shown came. */
  readonly isFilterNew: boolean;
  /** Keys of the rollouts and rows whose details are open. */
  readonly open: ReadonlySet<string>;
  readonly colouring: TokenColouring;
  /** By `traceKey`; null where the run recorded none. */
  readonly traces: ReadonlyMap<string, TokenTrace | null>;
  /** By `pairKey`. */
  readonly explanations: ReadonlyMap<string, ExplanationState>;
  /** By id, those whose fields somebody wanted to see. */
  readonly documents: ReadonlyMap<string, KnownDocument>;
  /** The document that is looked at in the rankings. */
  readonly document: string | null;
}

/** What a person does in the panel that changes only what is shown. */
export type PanelAction =
  | { readonly kind: 'choose-step'; readonly step: number | null }
  | { readonly kind: 'choose-tab'; readonly tab: Tab }
  | { readonly kind: 'filter'; readonly filter: Partial<RolloutFilter> }
  | { readonly kind: 'toggle'; readonly key: string }
  | { readonly kind: 'curves'; readonly curves: Partial<CurveSettings> }
  | { readonly kind: 'menu'; readonly menu: Menu; readonly isOpen: boolean }
  | { readonly kind: 'overlays'; readonly dirs: readonly string[] }
  | { readonly kind: 'colour'; readonly colouring: TokenColouring }
  | { readonly kind: 'explaining'; readonly pair: QueryPair }
  | {
      readonly kind: 'compared';
      readonly comparison: Partial<Pick<ComparisonState, 'shown' | 'filter' | 'showsMetrics'>>;
    }
  /** Somebody points at a list of these documents. */
  | { readonly kind: 'want-documents'; readonly ids: readonly string[] }
  | { readonly kind: 'look-at'; readonly document: string | null };

export const DEFAULT_CURVES: CurveSettings = {
  metrics: ['reward', 'ndcg', 'kl', 'entropy', 'length', 'formatOk'],
  smoothing: 0.8,
  log: false,
};

export const initialState: PanelState = {
  ...NO_HISTORY,
  fallbackName: '',
  info: null,
  problem: null,
  checkpoints: [],
  curves: DEFAULT_CURVES,
  overlays: [],
  others: new Map(),
  menu: null,
  runs: null,
  chosenStep: null,
  groups: null,
  rows: null,
  comparison: {
    status: null,
    result: null,
    showsMetrics: false,
    metrics: new Map(),
    lists: new Map(),
    seen: null,
    shown: 0,
    filter: NO_COMPARISON_FILTER,
  },
  titles: {},
  tab: 'rollouts',
  filter: NO_FILTER,
  isFilterNew: false,
  open: new Set(),
  colouring: 'plain',
  traces: new Map(),
  explanations: new Map(),
  documents: new Map(),
  document: null,
};

export function reduce(state: PanelState, message: ToPanel | PanelAction): PanelState {
  switch (message.kind) {
    case 'starting':
      return { ...state, problem: null };
    case 'run':
      return withRun(state, message);
    case 'other-run':
      return withOtherRun(state, message);
    case 'runs':
      return { ...state, runs: message.runs };
    case 'problem':
      return { ...state, problem: { message: message.message, log: message.log } };
    case 'groups':
      return message.step === wantedStep(state)
        ? { ...withTitles(state, message), groups: message, isFilterNew: false }
        : state;
    case 'rows':
      return message.evaluation === shownEvaluation(state)?.id
        ? { ...withTitles(state, message), rows: message }
        : state;
    case 'titles':
      return withTitles(state, message);
    case 'trace':
      return { ...state, traces: new Map(state.traces).set(traceKey(message), message.trace) };
    case 'explanation':
      return withExplanation(state, message.pair, { kind: 'done', explanation: message.explanation });
    case 'explanation-failed':
      return withExplanation(state, message.pair, { kind: 'failed', message: message.message });
    case 'documents':
      return withDocuments(state, message.ids, (id) =>
        Object.hasOwn(message.fields, id) ? { kind: 'known', fields: message.fields[id] } : { kind: 'unknown' },
      );
    case 'documents-failed':
      return withDocuments(state, message.ids, () => ({ kind: 'unknown', message: message.message }));
    case 'want-documents':
      return withDocuments(state, newIn(state, message.ids), () => ({ kind: 'wanted' }));
    case 'comparing':
      return withComparison({ ...state, tab: 'comparison' }, { status: { kind: 'working', label: message.label } });
    case 'comparison':
      return withResult(state, message);
    case 'comparison-failed':
      return withComparison(state, { status: { kind: 'failed', message: message.message } });
    case 'compared-metrics': {
      const metrics = new Map(state.comparison.metrics).set(message.b, message.metrics);
      return withComparison(state, { metrics });
    }
    case 'compared-lists':
      return withLists(state, message);
    case 'compared':
      return withComparison(state, message.comparison);
    case 'choose-step':
      return { ...state, chosenStep: message.step };
    case 'choose-tab':
      return { ...state, tab: message.tab };
    case 'filter':
      return { ...state, filter: { ...state.filter, ...message.filter }, isFilterNew: true };
    case 'toggle':
      return { ...state, open: toggled(state.open, message.key) };
    case 'curves':
      return { ...state, curves: { ...state.curves, ...message.curves } };
    case 'menu':
      return { ...state, menu: message.isOpen ? message.menu : state.menu === message.menu ? null : state.menu };
    case 'overlays':
      return { ...state, overlays: message.dirs, others: only(state.others, message.dirs) };
    case 'colour':
      return { ...state, colouring: message.colouring };
    case 'explaining':
      return withExplanation(state, message.pair, { kind: 'working' });
    case 'look-at':
      return { ...state, document: message.document };
  }
}

/** One that the person saw before stays behind the tab that they chose since, with the side that they looked at. */
function withResult(state: PanelState, result: ComparisonResult): PanelState {
  const isNew = JSON.stringify(result.chosen) !== JSON.stringify(state.comparison.seen);
  const last = result.comparisons.length - 1;
  return withComparison(isNew ? { ...state, tab: 'comparison' } : state, {
    status: null,
    result,
    metrics: new Map(),
    lists: new Map(),
    seen: result.chosen,
    shown: isNew ? last : Math.min(state.comparison.shown, last),
  });
}

function withTitles(state: PanelState, { titles }: Pick<RankingContext, 'titles'>): PanelState {
  return { ...state, titles: { ...state.titles, ...titles } };
}

function withLists(state: PanelState, lists: ComparedLists): PanelState {
  const key = comparedKey(lists.b, lists.exampleId);
  return withComparison(state, { lists: new Map(state.comparison.lists).set(key, lists) });
}

function withComparison(state: PanelState, comparison: Partial<ComparisonState>): PanelState {
  return { ...state, comparison: { ...state.comparison, ...comparison } };
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
  if (!info) return problem ? null : t('Loading the task and the model…');
  if (info.state !== 'running' || steps.length > 0) return null;
  return evaluations.length === 0
    ? t('Evaluating the start policy on held-out queries…')
    : t('Sampling the first rewrites…');
}

/** Seconds until the last step at the pace of the last twenty; null when that is not known or nothing is running. */
export function secondsLeft({ info, steps }: PanelState): number | null {
  if (info?.state !== 'running' || steps.length === 0) return null;
  const recent = steps.slice(-20);
  const pace = recent.reduce((total, { metrics }) => total + metrics.stepSeconds, 0) / recent.length;
  return Number.isFinite(pace) ? pace * Math.max(0, info.totalSteps - info.step) : null;
}

export function traceKey({ step, group, place }: RolloutKey): string {
  return `${step}/${group}/${place}`;
}

/** The key of an evaluation's row while it is open. */
export function evaluatedKey(exampleId: string): string {
  return `evaluation/${exampleId}`;
}

/** The key of a comparison's query while it is open. */
export function comparedKey(b: string, exampleId: string): string {
  return `compared/${b}/${exampleId}`;
}

export function pairKey({ original, rewrite, exampleId }: QueryPair): string {
  return JSON.stringify([exampleId, original, rewrite]);
}

function withRun(state: PanelState, message: Extract<ToPanel, { kind: 'run' }>): PanelState {
  const { info, checkpoints, reset } = message;
  const events = unpacked(message);
  const history = extended(reset ? NO_HISTORY : state, events);
  const takenBack = Math.min(...events.map((event) => (event.kind === 'discard' ? event.step : Infinity)));
  const groups = state.groups && state.groups.step <= takenBack ? state.groups : null;
  const traces = takenBack === Infinity ? state.traces : new Map<string, TokenTrace | null>();
  return { ...state, ...history, groups, traces, info, checkpoints, problem: null };
}

/** One that is no longer wanted may still be on its way. */
function withOtherRun(state: PanelState, message: Extract<ToPanel, { kind: 'other-run' }>): PanelState {
  const { info, reset } = message;
  if (!state.overlays.includes(info.dir)) return state;
  const before = reset ? NO_HISTORY : (state.others.get(info.dir) ?? NO_HISTORY);
  const others = new Map(state.others).set(info.dir, { ...extended(before, unpacked(message)), info });
  return { ...state, others };
}

function withExplanation(state: PanelState, pair: QueryPair, explanation: ExplanationState): PanelState {
  return { ...state, explanations: new Map(state.explanations).set(pairKey(pair), explanation) };
}

function withDocuments(
  state: PanelState,
  ids: readonly string[],
  documentOf: (id: string) => KnownDocument,
): PanelState {
  if (ids.length === 0) return state;
  return { ...state, documents: new Map([...state.documents, ...ids.map((id) => [id, documentOf(id)] as const)]) };
}

function newIn({ documents }: PanelState, ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].filter((id) => !documents.has(id));
}

function only<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): ReadonlyMap<string, T> {
  return new Map([...map].filter(([key]) => keys.includes(key)));
}

function toggled(open: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(open);
  if (!next.delete(key)) next.add(key);
  return next;
}
