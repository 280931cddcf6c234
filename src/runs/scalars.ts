/** @file A run's metrics as rows of numbers, one for each step and each evaluation: what other tools are given. */
import type { TrainEvent } from './events.ts';
import { evaluationName, metricName, type Naming } from './metric-names.ts';
import type { Metrics, RecordedEvent } from './records.ts';

export interface ScalarRow {
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly values: Metrics;
}

/** A step or an evaluation, as it happens or as it was recorded. */
type Measured = Pick<Extract<RecordedEvent, { kind: 'step' }>, 'kind' | 'step' | 'metrics'> | Evaluated;

interface Evaluated {
  readonly kind: 'evaluation';
  readonly evaluation: { readonly split: string; readonly metrics: Metrics; readonly baseline: Metrics };
}

/** The rows of a record, without what was taken back. */
export function scalarRows(events: readonly RecordedEvent[], naming: Naming): ScalarRow[] {
  return events.flatMap((event) => {
    if (event.discarded || (event.kind !== 'step' && event.kind !== 'evaluation')) return [];
    return [{ step: event.step, at: event.at, values: valuesOf(event, naming) }];
  });
}

/** The row of an event that happens now; none for those without numbers. */
export function scalarRow(event: TrainEvent, at: number, naming: Naming): ScalarRow | undefined {
  switch (event.kind) {
    case 'step': {
      const metrics = Object.fromEntries(Object.entries(event.metrics)) as Metrics;
      return { step: event.step, at, values: valuesOf({ ...event, metrics }, naming) };
    }
    case 'evaluation':
      return { step: event.evaluation.step, at, values: valuesOf(event, naming) };
    case 'checkpoint':
    case 'guard':
      return undefined;
    default:
      return event satisfies never;
  }
}

function valuesOf(event: Measured, naming: Naming): Metrics {
  if (event.kind === 'step') return renamed(event.metrics, (name) => metricName(name, naming));
  const { split, metrics, baseline } = event.evaluation;
  return {
    ...renamed(metrics, (name) => evaluationName(name, split, naming)),
    ...renamed(baseline, (name) => evaluationName(`raw_${name}`, split, naming)),
  };
}

function renamed(metrics: Metrics, name: (metric: string) => string): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [name(metric), value]));
}
