import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepTimes } from '../../../src/cli/step-times.ts';
import { stepMetrics } from '../../fixtures/run-events.ts';

describe('StepTimes', () => {
  it('says where a step’s time went, on average', () => {
    const times = new StepTimes();
    assert.equal(times.line(), undefined);
    const parts = { searchSeconds: 0.1, referenceSeconds: 1, updateSeconds: 2 };
    times.add({ ...stepMetrics(1), ...parts, stepSeconds: 20, sampleSeconds: 14, tokensPerSecond: 50 });
    times.add({ ...stepMetrics(1), ...parts, stepSeconds: 10, sampleSeconds: 10, tokensPerSecond: 100 });
    assert.equal(
      times.line(),
      'A step took 15 s: sampling 12 s, searching 0.10 s, start policy 1.00 s, update 2.00 s; 67 sampled tokens/s.',
    );
  });
});
