import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal, duration, pValueText, signed, smoothed } from '../../../webview/numbers.ts';

describe('numbers on screen', () => {
  it('show a dash where there is no number', () => {
    assert.deepEqual([decimal(0.12345), decimal(NaN), decimal(null), decimal(undefined)], ['0.123', '–', '–', '–']);
  });

  it('carry their sign, and none for what rounds to zero', () => {
    assert.deepEqual([signed(0.25), signed(-0.25), signed(-0.0001), signed(NaN)], ['+0.250', '−0.250', '0.000', '–']);
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
