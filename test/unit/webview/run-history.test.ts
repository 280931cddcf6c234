import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordedEvent, RunState } from '../../../webview/protocol.ts';
import { extended, NO_HISTORY } from '../../../webview/run-history.ts';

let id = 0;
const base = (step: number): { id: number; step: number; at: number; discarded: boolean } => ({ id: ++id, step, at: 0, discarded: false }); // prettier-ignore
const state = (step: number, name: RunState): RecordedEvent => ({ ...base(step), kind: 'state', state: name });
const checkpoint = (step: number): RecordedEvent => ({ ...base(step), kind: 'checkpoint', name: `step-${step}` });
const marksOf = (events: readonly RecordedEvent[]): string[] =>
  extended(NO_HISTORY, events).marks.map(({ kind, step, text }) => `${kind} ${step} ${text}`.trim());

describe('the marks of a run', () => {
  it('are pauses and what ended them, not every state that was told', () => {
    assert.deepEqual(
      marksOf([
        state(0, 'running'),
        state(0, 'running'),
        state(4, 'paused'),
        state(4, 'running'),
        state(9, 'finished'),
      ]),
      ['pause 4', 'resume 4'],
    );
  });

  it('are checkpoints and guards with what they say', () => {
    const guard: RecordedEvent = { ...base(7), kind: 'guard', guard: 'entropy', message: 'All the same.' };
    assert.deepEqual(marksOf([checkpoint(0), checkpoint(5), guard]), [
      'checkpoint 0 step-0',
      'checkpoint 5 step-5',
      'guard 7 All the same.',
    ]);
  });

  it('lose the checkpoints that a resume took back, and keep why', () => {
    const guard: RecordedEvent = { ...base(7), kind: 'guard', guard: 'entropy', message: 'All the same.' };
    const discard: RecordedEvent = { ...base(5), kind: 'discard' };
    assert.deepEqual(marksOf([checkpoint(5), checkpoint(10), guard, discard, state(5, 'running')]), [
      'checkpoint 5 step-5',
      'guard 7 All the same.',
      'resume 5',
    ]);
  });
});
