import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { correctionsOf } from '../../../src/rl/corrections.ts';

const log = (probabilities: readonly number[]): number[] => probabilities.map(Math.log);
const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(9)));

describe('correctionsOf', () => {
  const training = log([0.4, 0.9, 0.3]);
  const sampling = log([0.5, 0.9, 0.1]);

  it('is the share of the probability that truncation kept, for each token', () => {
    assert.deepEqual(rounded(correctionsOf('token', training, sampling, 10)), [0.8, 1, 3]);
  });

  it('is one product for all tokens of a completion', () => {
    assert.deepEqual(rounded(correctionsOf('sequence', training, sampling, 10)), [2.4, 2.4, 2.4]);
  });

  it('is truncated', () => {
    assert.deepEqual(rounded(correctionsOf('token', training, sampling, 2)), [0.8, 1, 2]);
    assert.deepEqual(rounded(correctionsOf('sequence', training, sampling, 2)), [2, 2, 2]);
  });

  it('is 1 without a correction', () => {
    assert.deepEqual(correctionsOf('off', training, sampling, 0.5), [1, 1, 1]);
  });

  it('makes means over truncated samples those of the whole distribution, of what was kept', () => {
    // Top-p keeps 0.5 and 0.3 of four tokens; each is then drawn 1/0.8 times as often.
    const [kept, whole] = [[0.5 / 0.8, 0.3 / 0.8], [0.5, 0.3]]; // prettier-ignore
    const weights = correctionsOf('token', log(whole), log(kept), 2);
    assert.deepEqual(rounded(weights.map((weight, i) => weight * kept[i])), whole);
  });
});
