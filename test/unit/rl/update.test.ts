import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type AdamWState, createAdamW, disposeAdamW } from '../../../src/model/adamw.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { disposePolicy, type Policy } from '../../../src/model/policy.ts';
import { firstNotFinite, type ScoredSequence, updatePolicy, type UpdateSettings } from '../../../src/rl/update.ts';
import { predict, tokenBatch } from '../../../src/rl/token-batch.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';
import { UPDATE } from '../../fixtures/update-settings.ts';

const PAIRS = [
  { promptIds: [1, 2, 3], tokens: [10, 11, 0], advantage: 1 },
  { promptIds: [1, 2, 3], tokens: [20, 21, 22, 0], advantage: -1 },
  { promptIds: [4], tokens: [30, 0], advantage: 0.5 },
];

const RANDOM = { seed: 1, step: 1 };

const noTurn = (): Promise<void> => Promise.resolve();

describe('updatePolicy', () => {
  let policy: Policy;
  let optimizer: AdamWState;
  let sequences: ScoredSequence[];

  before(() => selectBackend(enginesUnderTest('embedded')[0]));
  const open = async (): Promise<void> => {
    policy = tinyPolicy();
    optimizer = createAdamW([...policy.parameters.values()]);
    sequences = await Promise.all(PAIRS.map(scored));
  };
  const close = (): void => {
    disposeAdamW(optimizer);
    disposePolicy(policy);
  };
  after(() => {
    tf.disposeVariables();
  });

  const scored = async (pair: (typeof PAIRS)[number]): Promise<ScoredSequence> => {
    const old = await logProbs(pair);
    return { ...pair, logProbs: old, samplingLogProbs: old, reference: old };
  };
  const logProbs = async (pair: (typeof PAIRS)[number]): Promise<number[]> => {
    const result = tf.tidy(() => tf.unstack(predict(policy, tokenBatch([pair]), 1), 1)[0]);
    const values = [...(await result.data())];
    result.dispose();
    return values;
  };
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

  it('makes good completions more likely and bad ones less', async () => {
    await open();
    await updatePolicy(policy, optimizer, sequences, UPDATE, RANDOM, noTurn);
    for (const [i, pair] of PAIRS.entries()) {
      const change = sum(await logProbs(pair)) - sum(sequences[i].logProbs);
      assert.equal(Math.sign(change), Math.sign(pair.advantage));
    }
    close();
  });

  it('starts without divergence from the start policy and with no token clipped', async () => {
    await open();
    const { kl, clipFraction, loss } = await updatePolicy(policy, optimizer, sequences, UPDATE, RANDOM, noTurn);
    assert.ok(Math.abs(kl) < 1e-6);
    assert.equal(clipFraction, 0);
    const advantageMean = sum(PAIRS.flatMap(({ tokens, advantage }) => tokens.map(() => advantage))) / 9;
    assert.ok(Math.abs(loss + advantageMean) < 1e-4);
    close();
  });

  const weightsAfter = async (changes: Partial<UpdateSettings>): Promise<Float32Array> => {
    await open();
    await updatePolicy(policy, optimizer, sequences, { ...UPDATE, ...changes }, RANDOM, noTurn);
    const values = (await policy.weights.norm.data()).slice() as Float32Array;
    close();
    return values;
  };
  const choices: readonly (readonly [string, Partial<UpdateSettings>])[] = [
    ['', {}],
    [' with ratios of completions and a mean over completions', { ratio: 'sequence', aggregation: 'sequences' }],
    [' with products of ratios over a constant length', { ratio: 'sequence-product', aggregation: 'constant' }],
  ];
  for (const [name, changes] of choices) {
    it(`does not depend on how the batch is cut into micro-batches${name}`, async () => {
      const [whole, single] = [
        await weightsAfter({ ...changes, microBatchTokens: 10_000 }),
        await weightsAfter({ ...changes, microBatchTokens: 1 }),
      ];
      for (const [i, value] of whole.entries()) assert.ok(Math.abs(value - single[i]) < 1e-5);
    });
  }

  it('makes an optimizer step for each mini-batch of each epoch, and no empty ones', async () => {
    await open();
    const counts: number[] = [];
    for (const changes of [{ miniBatches: 2, epochs: 2 }, { miniBatches: 100 }, {}]) {
      const before = optimizer.steps;
      await updatePolicy(policy, optimizer, sequences, { ...UPDATE, ...changes }, RANDOM, noTurn);
      counts.push(optimizer.steps - before);
    }
    assert.deepEqual(counts, [4, PAIRS.length, 1]);
    close();
  });

  it('weighs tokens by what training makes of them over what they were drawn with', async () => {
    await open();
    const twice = sequences.map((sequence) => ({
      ...sequence,
      samplingLogProbs: sequence.logProbs.map((logProb) => logProb + Math.log(2)),
    }));
    const corrected = { ...UPDATE, correction: 'token' as const, learningRate: 0 };
    const { correction } = await updatePolicy(policy, optimizer, twice, corrected, RANDOM, noTurn);
    assert.ok(Math.abs(correction - 0.5) < 1e-5);
    close();
  });

  it('leaves no tensor behind and no weight changed when it is cancelled', async () => {
    await open();
    const tensors = tf.memory().numTensors;
    const before = (await policy.weights.norm.data()).slice();
    const cancel = (): Promise<void> => Promise.reject(new Error('cancelled'));
    await assert.rejects(updatePolicy(policy, optimizer, sequences, UPDATE, RANDOM, cancel), /cancelled/);
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual((await policy.weights.norm.data()).slice(), before);
    await updatePolicy(policy, optimizer, sequences, UPDATE, RANDOM, noTurn);
    assert.equal(tf.memory().numTensors, tensors);
    const other = { ...UPDATE, ratio: 'sequence', correction: 'sequence', miniBatches: 2 } as const;
    await updatePolicy(policy, optimizer, sequences, other, RANDOM, noTurn);
    assert.equal(tf.memory().numTensors, tensors);
    close();
  });

  it('leaves out an update whose loss is not finite, says so, and finds the completion that it comes from', async () => {
    await open();
    const before = await Promise.all([...policy.parameters.values()].map((parameter) => parameter.data()));
    const poisoned = sequences.map((sequence, i) => ({
      ...sequence,
      reference: i === 1 ? [NaN, 0, 0, 0] : sequence.reference,
    }));
    const { loss, skippedUpdates } = await updatePolicy(policy, optimizer, poisoned, UPDATE, RANDOM, noTurn);
    assert.ok(Number.isNaN(loss));
    assert.equal(skippedUpdates, 1);
    assert.equal(optimizer.steps, 0);
    const after = await Promise.all([...policy.parameters.values()].map((parameter) => parameter.data()));
    assert.deepEqual(after, before);
    assert.equal(await firstNotFinite(policy, poisoned, UPDATE, noTurn), poisoned[1]);
    assert.equal(await firstNotFinite(policy, sequences, UPDATE, noTurn), undefined);
    close();
  });

  it('leaves out only the mini-batches that are poisoned', async () => {
    await open();
    const poisoned = sequences.map((sequence, i) => ({
      ...sequence,
      reference: i === 1 ? [NaN, 0, 0, 0] : sequence.reference,
    }));
    const inThree = { ...UPDATE, miniBatches: 3, epochs: 2 };
    const { skippedUpdates } = await updatePolicy(policy, optimizer, poisoned, inThree, RANDOM, noTurn);
    assert.equal(skippedUpdates, 2);
    assert.equal(optimizer.steps, 4);
    close();
  });
});
