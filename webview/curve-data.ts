/** @file From histories to the columns that curves are drawn from. Pure. */
import { inUnit } from './metrics.ts';
import { smoothed } from './numbers.ts';
import type { CurveSettings } from './protocol.ts';
import type { RunHistory, StepPoint } from './run-history.ts';
import { mainMetric, type PanelState } from './state.ts';

/** As uPlot wants it. */
type Column = (number | null)[];

/** The columns of one curve over a shared axis of steps. */
export interface CurveData {
  readonly steps: number[];
  /** Of this run: what a resume took back, the raw values, their moving average, evaluations. */
  readonly discarded: Column;
  readonly raw: Column;
  readonly smooth: Column;
  readonly evaluated: Column;
  /** The moving average of each run that is laid over this one, in the order of the overlays. */
  readonly others: readonly Column[];
}

export function curveData(metric: string, state: PanelState): CurveData {
  const { smoothing } = state.curves;
  const raw = valuesOf(metric, state.steps);
  const discarded = valuesOf(metric, state.discarded);
  const evaluated = metric === 'ndcg' ? evaluatedNdcg(state) : new Map<number, number>();
  const smooth = average(raw, smoothing);
  const others = state.overlays.map((dir) => average(valuesOf(metric, state.others.get(dir)?.steps ?? []), smoothing));
  const known = [raw, discarded, evaluated, ...others];
  const steps = [...new Set(known.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  const column = (values: ReadonlyMap<number, number>): Column => steps.map((step) => values.get(step) ?? null);
  return {
    steps,
    discarded: column(discarded),
    raw: column(raw),
    smooth: column(smooth),
    evaluated: column(evaluated),
    others: others.map(column),
  };
}

/** Whether a logarithmic axis can show the curve as it is; otherwise it is linear around zero. */
export function isPositive({ discarded, raw, evaluated, others }: CurveData): boolean {
  return [discarded, raw, evaluated, ...others].every((column) => column.every((value) => value === null || value > 0));
}

/** Every metric that a step has, for a choice. */
export function metricNames({
  steps,
  curves,
}: {
  readonly steps: readonly StepPoint[];
  readonly curves: CurveSettings;
}): readonly string[] {
  return [...new Set([...Object.keys(steps.at(-1)?.metrics ?? {}), ...curves.metrics])];
}

/** The last step of any run on screen. */
export function lastStep(state: PanelState): number {
  const runs: readonly RunHistory[] = [state, ...state.others.values()];
  return Math.max(
    0,
    ...runs.flatMap(({ steps, discarded }) => [...steps.slice(-1), ...discarded].map(({ step }) => step)),
  );
}

function valuesOf(metric: string, points: readonly StepPoint[]): ReadonlyMap<number, number> {
  const known = points.map(({ step, metrics }) => [step, inUnit(metric, metrics[metric])] as const);
  return new Map(known.filter(([, value]) => Number.isFinite(value)));
}

function average(values: ReadonlyMap<number, number>, weight: number): ReadonlyMap<number, number> {
  const averages = smoothed([...values.values()], weight);
  return new Map([...values.keys()].map((step, i) => [step, averages[i]]));
}

function evaluatedNdcg({ evaluations }: RunHistory): ReadonlyMap<number, number> {
  return new Map(evaluations.map(({ step, metrics }) => [step, metrics[mainMetric(metrics)]]));
}
