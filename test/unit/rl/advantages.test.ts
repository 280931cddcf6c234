import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advantagesOf, groupAdvantages, sampleDeviation } from '../../../src/rl/advantages.ts';

const close = (actual: number, expected: number, tolerance = 1e-6): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
};

describe('groupAdvantages', () => {
  it('divides the distance to the mean by the unbiased deviation', () => {
    // mean 1, squares 1 + 0 + 1, deviation sqrt(2 / 2) = 1
    const advantages = groupAdvantages([0, 1, 2]);
    close(advantages[0], -1, 2e-6);
    assert.equal(advantages[1], 0);
    close(advantages[2], 1, 2e-6);
  });

  it('gives zeros to a group whose rewards are all equal, and to a group of one', () => {
    assert.deepEqual(groupAdvantages([0.3, 0.3, 0.3]), [0, 0, 0]);
    assert.deepEqual(groupAdvantages([0.7]), [0]);
  });

  it('leaves failed searches out of the mean and gives them zero', () => {
    assert.deepEqual(groupAdvantages([null, 0, 1, 2]), [0, ...groupAdvantages([0, 1, 2])]);
    assert.deepEqual(groupAdvantages([null, null]), [0, 0]);
  });

  it('is zero where rounding alone would make a deviation', () => {
    assert.equal(sampleDeviation([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), 0);
  });
});

describe('advantagesOf', () => {
  it('compares with the mean of the others by leaving one out', () => {
    // 3 against the mean of 0 and 1; 1 against that of 0 and 3; 0 against that of 1 and 3
    const [advantages] = advantagesOf('rloo', [[0, 1, 3]], [[1, 1, 1]]);
    [-2, -0.5, 2.5].forEach((expected, i) => {
      close(advantages[i], expected);
    });
  });

  it('does not divide by the deviation for Dr. GRPO', () => {
    assert.deepEqual(advantagesOf('dr-grpo', [[0, null, 4]], [[1, 1, 1]]), [[-2, 0, 2]]);
  });

  it('compares with the whole batch for REINFORCE++, also a group of one', () => {
    const [[low], [high]] = advantagesOf('reinforce++', [[0], [1]], [[2], [2]]);
    // Four tokens of ±0.5: their unbiased variance is 1/3.
    close(high, Math.sqrt(3) / 2);
    close(low, -high);
    assert.deepEqual(advantagesOf('reinforce++', [[0.1, 0.1], [0.1]], [[1, 2], [3]]), [[0, 0], [0]]); // prettier-ignore
  });

  it('has mean 0 and variance 1 over the tokens of the batch for REINFORCE++ with a baseline', () => {
    const lengths = [
      [1, 3, 2],
      [5, 1, 4],
    ];
    const advantages = advantagesOf(
      'reinforce++-baseline',
      [
        [0, 1, null],
        [2, 2, 5],
      ],
      lengths,
    );
    const tokens = advantages.flatMap((group, g) =>
      group.flatMap((value, c) => (g === 0 && c === 2 ? [] : Array<number>(lengths[g][c]).fill(value))),
    );
    close(
      tokens.reduce((sum, value) => sum + value, 0),
      0,
      1e-9,
    );
    close(sampleDeviation(tokens), 1);
    assert.equal(advantages[0][2], 0, 'a failed search has no part in it');
  });

  it('is zero everywhere for groups without a signal, whatever is compared', () => {
    for (const kind of ['grpo', 'dr-grpo', 'rloo', 'reinforce++-baseline'] as const) {
      const groups = [
        [0.1, 0.1, 0.1],
        [null, 0.3, null],
        [null, null, null],
      ];
      const lengths = groups.map((group) => group.map(() => 2));
      assert.deepEqual(
        advantagesOf(kind, groups, lengths).flat().map(Math.abs),
        groups.flat().map(() => 0),
        kind,
      );
    }
  });
});
