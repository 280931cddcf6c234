/** @file What a run's recorded events add up to: the curves, what a resume took back, evaluations, and marks. Pure. */
import type { EvaluationSummary, Metrics, RecordedEvent, RunState } from './protocol.ts';

export interface StepPoint {
  readonly step: number;
  readonly metrics: Metrics;
}

export interface RecordedEvaluation extends EvaluationSummary {
  /** The event's id: names the rows. */
  readonly id: number;
  readonly step: number;
}

export type MarkKind = 'evaluation' | 'checkpoint' | 'pause' | 'resume' | 'guard';

/** Something that happened between steps. */
export interface Mark {
  readonly kind: MarkKind;
  readonly step: number;
  /** What it is called beside its kind: a checkpoint's name, a guard's reason. */
  readonly text: string;
}

export interface RunHistory {
  /** Steps that count, in order. */
  readonly steps: readonly StepPoint[];
  /** Steps that a resume took back, in the order they were recorded. */
  readonly discarded: readonly StepPoint[];
  readonly evaluations: readonly RecordedEvaluation[];
  readonly marks: readonly Mark[];
  /** The last state that was recorded. */
  readonly lastState: RunState | null;
}

export const NO_HISTORY: RunHistory = { steps: [], discarded: [], evaluations: [], marks: [], lastState: null };

export function extended(before: RunHistory, events: readonly RecordedEvent[]): RunHistory {
  if (events.length === 0) return before;
  let steps = [...before.steps];
  let discarded = [...before.discarded];
  let evaluations = [...before.evaluations];
  let marks = [...before.marks];
  let { lastState } = before;
  for (const event of events) {
    switch (event.kind) {
      case 'step':
        (event.discarded ? discarded : steps).push({ step: event.step, metrics: event.metrics });
        break;
      case 'evaluation':
        if (event.discarded) break;
        evaluations.push({ id: event.id, step: event.step, ...event.evaluation });
        marks.push({ kind: 'evaluation', step: event.step, text: event.evaluation.split });
        break;
      case 'checkpoint':
        if (!event.discarded) marks.push({ kind: 'checkpoint', step: event.step, text: event.name });
        break;
      case 'guard':
        marks.push({ kind: 'guard', step: event.step, text: event.message });
        break;
      case 'state':
        marks.push(...stateMarks(lastState, event));
        lastState = event.state;
        break;
      case 'discard':
        discarded = [...discarded, ...steps.filter(({ step }) => step > event.step)];
        steps = steps.filter(({ step }) => step <= event.step);
        evaluations = evaluations.filter(({ step }) => step <= event.step);
        marks = marks.filter(
          ({ step, kind }) => step <= event.step || !(kind === 'evaluation' || kind === 'checkpoint'),
        );
        marks.push({ kind: 'resume', step: event.step, text: '' });
        break;
      default:
        event satisfies never;
    }
  }
  return { steps, discarded, evaluations, marks, lastState };
}

/** A pause, and the end of one. */
function stateMarks(before: RunState | null, event: Extract<RecordedEvent, { kind: 'state' }>): readonly Mark[] {
  const { state, step, message = '' } = event;
  if (state === 'paused' && before !== 'paused') return [{ kind: 'pause', step, text: message }];
  return state === 'running' && before === 'paused' ? [{ kind: 'resume', step, text: '' }] : [];
}
