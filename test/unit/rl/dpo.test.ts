import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createAdamW, disposeAdamW } from '../../../src/model/adamw.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { addLora, disposePolicy, type Policy, withAdaptersOff } from '../../../src/model/policy.ts';
import { sharesPrompts } from '../../../src/model/weights.ts';
import { type DpoSettings, type DpoStatistics, dpoStep } from '../../../src/rl/dpo.ts';
import { logProbsOf } from '../../../src/rl/log-probs.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';

const PREFERENCES = [
  { promptIds: [1, 2, 3], chosen: [10, 11, 0], rejected: [20, 0] },
  { promptIds: [4], chosen: [30, 0], rejected: [31, 32, 33, 34, 0] },
  { promptIds: [5, 6], chosen: [40, 0], rejected: [41, 0] },
];
const SETTINGS: DpoSettings = {
  beta: 0.5,
  learningRate: 0.01,
  weightDecay: 0,
  maxGradNorm: 1e9,
  microBatchTokens: 10_000,
  checkpointing: 'off',
};
const RANDOM = { seed: 1, step: 1 };
const noTurn = (): Promise<void> => Promise.resolve();

/** How much likelier each better answer is than the worse one, in nats. */
async function margins(policy: Policy): Promise<number[]> {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const answers = PREFERENCES.flatMap(({ promptIds, chosen, rejected }) =>
    [chosen, rejected].map((tokens) => ({ promptIds, tokens })),
  );
  const found = (await logProbsOf(policy, answers, { temperature: 1, microBatchTokens: 10_000 }, noTurn)).map(sum);
  return PREFERENCES.map((_, i) => found[2 * i] - found[2 * i + 1]);
}

describe('dpoStep', () => {
  before(() => selectBackend(enginesUnderTest('embedded')[0]));
  after(() => {
    tf.disposeVariables();
  });

  /** Steps of a new policy, which is disposed afterwards. */
  const steps = async (
    count: number,
    given: Partial<DpoSettings>,
    look: (policy: Policy, last: DpoStatistics) => Promise<void>,
    config = TINY,
  ): Promise<void> => {
    const [policy, start] = [tinyPolicy(1, config), tinyPolicy(1, config)];
    const optimizer = createAdamW([...policy.parameters.values()]);
    let last: DpoStatistics | undefined;
    for (let step = 1; step <= count; step++) {
      last = await dpoStep(policy, start, optimizer, PREFERENCES, { ...SETTINGS, ...given }, RANDOM, noTurn);
    }
    await look(policy, last!);
    disposeAdamW(optimizer);
    disposePolicy(policy);
    disposePolicy(start);
  };

  it('begins at ln 2 without a margin, since the policy is its own start', async () => {
    await steps(1, {}, (_, { loss, margin, gradNorm }) => {
      assert.ok(Math.abs(loss - Math.LN2) < 1e-6, String(loss));
      assert.ok(Math.abs(margin) < 1e-5, String(margin));
      assert.ok(gradNorm > 0);
      return Promise.resolve();
    });
  });

  it('makes better answers likelier than worse ones', async () => {
    const start = tinyPolicy();
    const before = await margins(start);
    disposePolicy(start);
    await steps(4, {}, async (policy, { loss, accuracy, margin }) => {
      for (const [i, after] of (await margins(policy)).entries()) assert.ok(after > before[i], `pair ${i}`);
      assert.ok(loss < Math.LN2 && margin > 0);
      assert.equal(accuracy, 1);
    });
  });

  it('does the same in small micro-batches as in one, and where layers are computed again for their gradient', async () => {
    const found: number[][] = [];
    for (const given of [{}, { microBatchTokens: 12 }, { checkpointing: 'on' }] as const) {
      await steps(2, given, async (policy) => {
        found.push(await margins(policy));
      });
    }
    for (const [i, margin] of found[0].entries()) {
      for (const other of found.slice(1)) assert.ok(Math.abs(margin - other[i]) < 1e-4, `pair ${i}`);
    }
  });

  it('does the same where both answers of a pair share a row as where a window does not let them', async () => {
    // Of more tokens than any sequence has: it hides nothing.
    const windowed = { ...TINY, windows: [32, 32] };
    const found: number[][] = [];
    for (const config of [TINY, windowed]) {
      await steps(
        2,
        {},
        async (policy) => {
          found.push(await margins(policy));
        },
        config,
      );
    }
    assert.deepEqual([sharesPrompts(TINY), sharesPrompts(windowed)], [true, false]);
    for (const [i, margin] of found[0].entries()) assert.ok(Math.abs(margin - found[1][i]) < 1e-4, `pair ${i}`);
  });

  it('changes only adapters when there are any, and leaves no tensor behind', async () => {
    const lora = { rank: 2, alpha: 4, dropout: 0.1, targets: ['q_proj', 'v_proj'], rankStabilised: false };
    const policy = addLora(tinyPolicy(), lora, 1, { dir: 'base', sha256: '' });
    const reference = withAdaptersOff(policy);
    const optimizer = createAdamW([...policy.parameters.values()]);
    const before = await policy.weights.norm.data();
    const step = (): Promise<DpoStatistics> =>
      dpoStep(policy, reference, optimizer, PREFERENCES, SETTINGS, RANDOM, noTurn);
    await step();
    const { numTensors } = tf.memory();
    const { margin } = await step();
    assert.equal(tf.memory().numTensors, numTensors);
    assert.deepEqual(await policy.weights.norm.data(), before);
    assert.notEqual(margin, 0);
    disposeAdamW(optimizer);
    disposePolicy(policy);
  });
});
