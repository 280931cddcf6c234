import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packed } from '../../../src/extension/pack-events.ts';
import type { RecordedEvent, RunInfo, ToPanel } from '../../../webview/protocol.ts';
import { missing } from '../../../webview/questions.ts';
import { initialState, reduce, secondsLeft, traceKey, wantedStep, type PanelState } from '../../../webview/state.ts';
import { evaluation, group, stepMetrics } from '../../fixtures/run-events.ts';

const INFO: RunInfo = {
  dir: '/runs/a',
  name: 'a',
  config: {},
  taskName: 't',
  taskDir: '/t',
  totalSteps: 10,
  startedAt: 0,
  state: 'running',
  step: 2,
  updatedAt: 0,
};

let id = 0;
const base = (step: number): { id: number; step: number; at: number; discarded: boolean } => ({
  id: ++id,
  step,
  at: 0,
  discarded: false,
});
const step = (n: number): RecordedEvent => ({ ...base(n), kind: 'step', metrics: { ...stepMetrics(n) } });
const evaluated = (n: number): RecordedEvent => ({ ...base(n), kind: 'evaluation', evaluation: evaluation(n) });
const discard = (n: number): RecordedEvent => ({ ...base(n), kind: 'discard' });

function run(events: readonly RecordedEvent[], changes: Partial<Extract<ToPanel, { kind: 'run' }>> = {}): ToPanel {
  return { kind: 'run', info: INFO, checkpoints: [], ...packed(events), reset: false, ...changes };
}
const TITLES = { d1: 'Trail Shoe', d2: 'Boot', d3: 'Sock' };
const groups = (n: number): ToPanel => ({ kind: 'groups', step: n, groups: [group()], titles: TITLES, grades: {} });
const after = (...messages: readonly Parameters<typeof reduce>[1][]): PanelState =>
  messages.reduce(reduce, initialState);
const stepsOf = (state: PanelState): number[] => state.steps.map((point) => point.step);

describe('the panel state', () => {
  it('is the same whether events came one by one or all at once', () => {
    const events = [step(1), evaluated(1), step(2), step(3), discard(1), step(2)];
    const atOnce = after(run(events, { reset: true }));
    const oneByOne = after(...events.map((event) => run([event])));
    assert.deepEqual(oneByOne, atOnce);
  });

  it('moves what a resume took back out of the curves, and keeps it', () => {
    const state = after(run([step(1), evaluated(2), step(2), step(3), discard(1), step(2)]));
    assert.deepEqual(stepsOf(state), [1, 2]);
    assert.deepEqual(
      state.discarded.map((point) => point.step),
      [2, 3],
    );
    assert.deepEqual(state.evaluations, []);
  });

  it('starts over when it is told everything again', () => {
    const state = after(run([step(1), step(2)]), run([step(1)], { reset: true }));
    assert.deepEqual(stepsOf(state), [1]);
  });

  it('follows the newest step until one is chosen, and ignores answers to questions that are no longer asked', () => {
    const following = after(run([step(1), step(2)]));
    assert.equal(wantedStep(following), 2);
    const chosen = reduce(following, { kind: 'choose-step', step: 1 });
    assert.equal(wantedStep(reduce(chosen, run([step(3)]))), 1);
    assert.equal(reduce(chosen, groups(2)).groups, null);
    assert.equal(reduce(chosen, groups(1)).groups?.step, 1);
    assert.equal(wantedStep(reduce(chosen, { kind: 'choose-step', step: null })), 2);
  });

  it('forgets the rollouts of a step that was taken back, so that they are asked for again', () => {
    const state = after(run([step(1), step(2)]), groups(2));
    assert.equal(state.groups?.step, 2);
    assert.equal(reduce(state, run([discard(1), step(2)])).groups, null);
    assert.equal(reduce(state, run([discard(2), step(3)])).groups?.step, 2);
  });

  it('shows no chosen step beyond the newest', () => {
    assert.equal(wantedStep(after({ kind: 'choose-step', step: 9 }, run([step(1)]))), 1);
    assert.equal(wantedStep(initialState), null);
  });

  it('has a filter that is new until other rollouts come', () => {
    const filtered = after(run([step(1)]), groups(1), { kind: 'filter', filter: { text: 'a' } });
    assert.deepEqual([filtered.isFilterNew, filtered.filter.text], [true, 'a']);
    const next = reduce(reduce(filtered, run([step(2)])), groups(2));
    assert.deepEqual([next.isFilterNew, next.filter.text], [false, 'a']);
  });

  it('clears a problem when the run is there again', () => {
    const state = after({ kind: 'problem', message: 'gone', log: '' });
    assert.equal(state.problem?.message, 'gone');
    assert.equal(reduce(state, run([])).problem, null);
  });

  it('opens the comparison tab when one begins, and keeps its result until the next', () => {
    const working = after({ kind: 'comparing', label: 'a with b' });
    assert.equal(working.tab, 'comparison');
    assert.deepEqual(working.comparison.status, { kind: 'working', label: 'a with b' });
    const failed = reduce(working, { kind: 'comparison-failed', message: 'no' });
    assert.deepEqual(failed.comparison.status, { kind: 'failed', message: 'no' });

    const result = { chosen: { a: 'raw', others: [], split: 'test' }, comparisons: [], retention: [] } as const;
    const done = reduce(failed, { kind: 'comparison', ...result });
    assert.equal(done.comparison.status, null);
    const again = reduce(reduce(done, { kind: 'choose-tab', tab: 'rollouts' }), { kind: 'comparison', ...result });
    assert.equal(again.tab, 'rollouts', 'one that was seen stays where it is');
    assert.equal(reduce(done, { kind: 'comparing', label: 'one more' }).comparison.result?.chosen.a, 'raw');
  });

  it('has one menu open at a time, also where the one that closes says so last', () => {
    const open = after({ kind: 'menu', menu: 'metrics', isOpen: true }, { kind: 'menu', menu: 'runs', isOpen: true });
    assert.equal(open.menu, 'runs');
    assert.equal(reduce(open, { kind: 'menu', menu: 'metrics', isOpen: false }).menu, 'runs');
    assert.equal(reduce(open, { kind: 'menu', menu: 'runs', isOpen: false }).menu, null);
  });

  it('tells the time left from the pace of the last twenty steps, only while it runs', () => {
    const state = after(run([step(1), step(2)]));
    assert.equal(secondsLeft(state), 8 * 1.5);
    assert.equal(secondsLeft(reduce(state, run([], { info: { ...INFO, state: 'paused' } }))), null);
    assert.equal(secondsLeft(initialState), null);
  });

  it('lays over the runs that were chosen, and forgets one that no longer is', () => {
    const other = { ...INFO, dir: '/runs/b' };
    const told = { kind: 'other-run', info: other, ...packed([step(1), step(2)]), reset: true } as const;
    const chosen = after({ kind: 'overlays', dirs: ['/runs/b'] }, told);
    assert.equal(chosen.others.get('/runs/b')?.steps.length, 2);
    const more = reduce(chosen, { ...told, ...packed([step(3)]), reset: false });
    assert.equal(more.others.get('/runs/b')?.steps.length, 3);
    const none = reduce(more, { kind: 'overlays', dirs: [] });
    assert.equal(none.others.size, 0);
    assert.equal(reduce(none, told), none, 'what was on its way is not taken');
  });

  it('asks for the tokens of open rollouts once they are to be coloured, and for no others', () => {
    const open = after(run([step(1), step(2)]), groups(2), { kind: 'toggle', key: '2/0/1' });
    assert.deepEqual(missing(open), []);
    const coloured = reduce(open, { kind: 'colour', colouring: 'difference' });
    assert.deepEqual(missing(coloured), [{ kind: 'trace', step: 2, group: 0, place: 1 }]);
    const told = reduce(coloured, { kind: 'trace', step: 2, group: 0, place: 1, trace: null });
    assert.deepEqual(missing(told), []);
    assert.equal(told.traces.get(traceKey({ step: 2, group: 0, place: 1 })), null);
    assert.deepEqual(missing(reduce(told, { kind: 'choose-step', step: 1 })), [{ kind: 'groups', step: 1 }]);
  });

  it('asks for the fields of documents once somebody points at them, and once only', () => {
    const wanted = after({ kind: 'want-documents', ids: ['a', 'b', 'a'] });
    assert.deepEqual(missing(wanted), [{ kind: 'documents', ids: ['a', 'b'] }]);
    const fields = { a: { title: 'A', text: 'a' } };
    const told = reduce(wanted, { kind: 'documents', ids: ['a', 'b'], fields });
    assert.deepEqual(missing(told), []);
    assert.deepEqual(told.documents.get('a'), { kind: 'known', fields: fields.a });
    assert.deepEqual(told.documents.get('b'), { kind: 'unknown' });
    assert.equal(reduce(told, { kind: 'want-documents', ids: ['a', 'b'] }), told);
  });

  it('keeps the explanation of each pair of queries, also one that failed', () => {
    const pair = { original: 'a', rewrite: 'b', exampleId: 'q' };
    const asked = after({ kind: 'explaining', pair });
    assert.deepEqual([...asked.explanations.values()], [{ kind: 'working' }]);
    const failed = reduce(asked, { kind: 'explanation-failed', pair, message: 'no' });
    assert.deepEqual([...failed.explanations.values()], [{ kind: 'failed', message: 'no' }]);
  });
});
