import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../src/model/backend.ts';
import { grpoSums, type LossChoices } from '../../../src/rl/grpo.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';

const close = (actual: number, expected: number, tolerance = 1e-6): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
};

const CHOICES: LossChoices = { ratio: 'token', clip: 0.2, clipHigh: 0.2, klEstimator: 'k3', kl: 0.001, entropy: 0 };

describe('grpoSums', () => {
  before(() => selectBackend(enginesUnderTest('cpu')[0]));

  const sums = async (
    tokens: readonly { current: number; entropy?: number; old: number; reference: number; advantage: number }[],
    choices: Partial<LossChoices> = {},
  ): Promise<number[]> => {
    const result = tf.tidy(() =>
      grpoSums(
        {
          current: tf.tensor2d(tokens.map(({ current, entropy = 0 }) => [current, entropy])),
          old: tf.tensor1d(tokens.map(({ old }) => old)),
          reference: tf.tensor1d(tokens.map(({ reference }) => reference)),
          advantages: tf.tensor1d(tokens.map(({ advantage }) => advantage)),
          weights: tf.tensor1d(tokens.map(() => 1)),
          corrections: tf.tensor1d(tokens.map(() => 1)),
        },
        { ...CHOICES, ...choices },
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
      kl: 0.5,
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
      kl: 0,
      entropy: 0.1,
    });
    close(loss, -0.2);
    close(entropy, 2);
  });
});
