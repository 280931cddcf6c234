import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curveData, isPositive, lastStep } from '../../../webview/curve-data.ts';
import type { RunInfo } from '../../../webview/protocol.ts';
import { NO_HISTORY, type StepPoint } from '../../../webview/run-history.ts';
import { initialState, type PanelState } from '../../../webview/state.ts';

const points = (values: Readonly<Record<number, number>>): StepPoint[] =>
  Object.entries(values).map(([step, reward]) => ({
    step: Number(step),
    metrics: { reward, memoryBytes: reward * 1e6 },
  }));
const info = { dir: '/other', name: 'other' } as RunInfo;
const STATE: PanelState = {
  ...initialState,
  curves: { ...initialState.curves, smoothing: 0.5 },
  steps: points({ 1: 1, 2: 3, 4: NaN }),
  discarded: points({ 3: 9 }),
  overlays: ['/other', '/on-its-way'],
  others: new Map([['/other', { ...NO_HISTORY, info, steps: points({ 2: 8, 6: 4 }) }]]),
};

describe('the columns of a curve', () => {
  it('stand over one axis of steps, whatever run has which', () => {
    const { steps, raw, smooth, discarded, others } = curveData('reward', STATE);
    assert.deepEqual(steps, [1, 2, 3, 6]);
    assert.deepEqual(raw, [1, 3, null, null]);
    assert.deepEqual(smooth, [1, 2, null, null]);
    assert.deepEqual(discarded, [null, null, 9, null]);
    assert.deepEqual(others, [
      [null, 8, null, 6],
      [null, null, null, null],
    ]);
    assert.equal(lastStep(STATE), 6);
  });

  it('are in the unit of their label, and empty for a metric that a run lacks', () => {
    assert.deepEqual(curveData('memoryBytes', STATE).raw, [1, 3, null, null]);
    assert.deepEqual(curveData('kl', STATE).steps, []);
  });

  it('fit a logarithmic axis when nothing of them is zero or less', () => {
    assert.ok(isPositive(curveData('reward', STATE)));
    assert.ok(!isPositive(curveData('reward', { ...STATE, steps: points({ 1: 0 }) })));
  });
});
