import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/model/backend.ts';
import { groupAdvantages, grpoSums, sampleDeviation } from '../../../src/rl/grpo.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';

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

describe('grpoSums', () => {
  before(() => selectBackend(enginesUnderTest('cpu')[0]));

  const sums = async (
    tokens: readonly { current: number; entropy?: number; old: number; reference: number; advantage: number }[],
    weights = { clip: 0.2, kl: 0.001, entropy: 0 },
  ): Promise<number[]> => {
    const result = tf.tidy(() =>
      grpoSums(
        {
          current: tf.tensor2d(tokens.map(({ current, entropy = 0 }) => [current, entropy])),
          old: tf.tensor1d(tokens.map(({ old }) => old)),
          reference: tf.tensor1d(tokens.map(({ reference }) => reference)),
          advantages: tf.tensor1d(tokens.map(({ advantage }) => advantage)),
        },
        weights,
      ),
    );
    const values = [...(await result.loss.data()), ...(await result.statistics.data())];
    tf.dispose(result);
    return values;
  };

  it('is minus the advantage on policy, without divergence', async () => {
    const [loss, kl, , held] = await sums([{ current: -1, old: -1, reference: -1, advantage: 0.5 }]);
    close(loss, -0.5);
    assert.equal(kl, 0);
    assert.equal(held, 0);
  });

  it('adds the k3 divergence to the loss: straying from the start policy costs', async () => {
    // d = ref - current = -1: exp(-1) + 1 - 1 = 0.3678794
    const [loss, kl] = await sums([{ current: -1, old: -1, reference: -2, advantage: 0 }], {
      clip: 0.2,
      kl: 0.5,
      entropy: 0,
    });
    close(kl, 0.3678794);
    close(loss, 0.1839397);
  });

  it('clips a ratio that has already moved far the right way, and never the wrong way', async () => {
    const ratio = Math.log(1.5);
    const [good, , , heldGood] = await sums([{ current: ratio, old: 0, reference: ratio, advantage: 1 }]);
    close(good, -1.2);
    assert.equal(heldGood, 1);
    const [bad, , , heldBad] = await sums([{ current: ratio, old: 0, reference: ratio, advantage: -1 }]);
    close(bad, 1.5);
    assert.equal(heldBad, 0);
  });

  it('rewards entropy by its weight', async () => {
    const [loss, , entropy] = await sums([{ current: -1, entropy: 2, old: -1, reference: -1, advantage: 0 }], {
      clip: 0.2,
      kl: 0,
      entropy: 0.1,
    });
    close(loss, -0.2);
    close(entropy, 2);
  });
});
