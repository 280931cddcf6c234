import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal, duration, pValueText, signed, smoothed, tickText } from '../../../webview/numbers.ts';

describe('numbers on screen', () => {
  it('show a dash where there is no number', () => {
    assert.deepEqual([decimal(0.12345), decimal(NaN), decimal(null), decimal(undefined)], ['0.123', '–', '–', '–']);
  });

  it('carry their sign, and none for what rounds to zero', () => {
    assert.deepEqual([signed(0.25), signed(-0.25), signed(-0.0001), signed(NaN)], ['+0.250', '−0.250', '0.000', '–']);
  });

  it('have no sign when they are shown as zero, and no separators', () => {
    assert.deepEqual([decimal(-0.0001), decimal(-0), decimal(12_345.678, 1)], ['0.000', '0.000', '12345.7']);
  });

  it('on an axis have the digits that they need', () => {
    assert.deepEqual([0.30000000000000004, 0.000025, 20, -1].map(tickText), ['0.3', '0.000025', '20', '−1']);
  });

  it('tell durations in the two largest units', () => {
    assert.deepEqual([duration(45.4), duration(200), duration(7500)], ['45 s', '3 min 20 s', '2 h 5 min']);
  });

  it('print p-values as papers do', () => {
    assert.deepEqual([pValueText(0.0001), pValueText(0.0421)], ['p < 0.001', 'p = 0.042']);
  });

  it('smooth from the first value on, past what is not a number', () => {
    assert.deepEqual(smoothed([1, 3, NaN, 3], 0.5), [1, 2, 2, 2.5]);
    assert.ok(Number.isNaN(smoothed([NaN], 0.5)[0]));
  });
});
