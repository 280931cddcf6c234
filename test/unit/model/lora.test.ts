import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createAdamW, disposeAdamW } from '../../../src/model/adamw.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import {
  createAdapters,
  disposeAdapters,
  linearPart,
  LORA_TARGETS,
  type LoraConfig,
  loraScale,
  parseTargets,
  withAdapters,
  withDropout,
} from '../../../src/model/lora.ts';
import { linears } from '../../../src/model/ops.ts';
import {
  addLora,
  disposePolicy,
  merged,
  type Policy,
  wholeTensors,
  withAdaptersOff,
} from '../../../src/model/policy.ts';
import { sftStep } from '../../../src/rl/sft.ts';
import { predict, tokenBatch } from '../../../src/rl/token-batch.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

const LORA: LoraConfig = { rank: 3, alpha: 6, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
const BASE = { dir: '/base', sha256: '' };
const SEQUENCES = [
  { promptIds: [1, 2, 3], tokens: [10, 11, 0] },
  { promptIds: [4, 5], tokens: [30, 0] },
];
const SETTINGS = {
  learningRate: 0.01,
  weightDecay: 0.1,
  maxGradNorm: 1,
  microBatchTokens: 1000,
  checkpointing: 'auto',
} as const;

const valuesOf = (variables: Iterable<tf.Variable>): number[][] => Array.from(variables, (v) => [...v.dataSync()]);
const logProbs = (policy: Policy): number[] => tf.tidy(() => [...predict(policy, tokenBatch(SEQUENCES), 1).dataSync()]);
const step = async (policy: Policy): Promise<void> => {
  const optimizer = createAdamW([...policy.parameters.values()]);
  await sftStep(policy, optimizer, SEQUENCES, SETTINGS, () => Promise.resolve());
  disposeAdamW(optimizer);
};

for (const engine of enginesUnderTest('cpu', 'embedded')) {
  describe(`LoRA on the ${engine} engine`, () => {
    before(() => selectBackend(engine));
    after(() => {
      tf.disposeVariables();
    });

    it('draws A within 1/√in from the seed, leaves B zero, and adapts the targets alone', () => {
      const { weights, parameters } = tinyPolicy();
      const draw = (seed: number, targets = LORA_TARGETS): ReturnType<typeof createAdapters> =>
        createAdapters(weights, { ...LORA, targets }, seed);
      const [first, same, other] = [draw(1), draw(1), draw(2)].map((adapters) =>
        valuesOf(Array.from(adapters.values(), ({ a }) => a)),
      );
      assert.deepEqual(first, same);
      assert.notDeepEqual(first, other);
      const some = draw(1, ['v_proj', 'down_proj']);
      assert.deepEqual(
        [...some.keys()],
        [
          'model.layers.0.self_attn.v_proj',
          'model.layers.0.mlp.down_proj',
          'model.layers.1.self_attn.v_proj',
          'model.layers.1.mlp.down_proj',
        ],
      );
      for (const [module, { a, b }] of some) {
        const [outputs, inputs] = parameters.get(`${module}.weight`)!.shape;
        assert.deepEqual(
          [a.shape, b.shape],
          [
            [3, inputs],
            [outputs, 3],
          ],
        );
        assert.ok(a.dataSync().every((value) => Math.abs(value) <= 1 / Math.sqrt(inputs)));
        assert.ok(a.dataSync().some((value) => Math.abs(value) > 0.5 / Math.sqrt(inputs)));
        assert.ok(b.dataSync().every((value) => value === 0));
      }
    });

    it('starts as its base, trains the adapters alone, and keeps the base as the reference', async () => {
      const base = tinyPolicy();
      const [start, frozen] = [logProbs(base), valuesOf(base.parameters.values())];
      const policy = addLora(base, LORA, 1, BASE);
      assert.deepEqual(logProbs(policy), start);
      const tensors = tf.memory().numTensors;
      await step(policy); // of A the gradient is zero while B is
      await step(policy);
      assert.equal(tf.memory().numTensors, tensors);
      assert.deepEqual(valuesOf(policy.lora!.frozen.values()), frozen);
      for (const values of valuesOf(policy.parameters.values())) assert.ok(values.some((value) => value !== 0));
      assert.notDeepEqual(logProbs(policy), start);
      assert.deepEqual(logProbs(withAdaptersOff(policy)), start);
      disposePolicy(policy);
    });

    it('becomes a whole model that trains every weight', async () => {
      const policy = addLora(tinyPolicy(), LORA, 1, BASE);
      await step(policy);
      await step(policy);
      const expected = logProbs(policy);
      const whole = merged(policy);
      for (const [i, value] of logProbs(whole).entries()) assert.ok(Math.abs(value - expected[i]) < 1e-5);
      const before = valuesOf(whole.parameters.values());
      await step(whole);
      for (const [i, values] of valuesOf(whole.parameters.values()).entries()) assert.notDeepEqual(values, before[i]);
      disposePolicy(whole);
    });

    it('gives the tensors of the whole model one by one, and leaves its own matrices as they are', async () => {
      const policy = addLora(tinyPolicy(), LORA, 1, BASE);
      for (const { b } of policy.lora!.adapters.values()) b.assign(tf.randomNormal(b.shape, 0, 0.1, 'float32', 5));
      const frozen = valuesOf(policy.lora!.frozen.values());
      const written = new Map<string, number[]>();
      const tensors = wholeTensors(policy);
      const { numTensors } = tf.memory();
      for (const [name, { values }] of tensors) written.set(name, [...(await values())]);
      assert.equal(tf.memory().numTensors, numTensors);
      assert.deepEqual(valuesOf(policy.lora!.frozen.values()), frozen);
      const whole = merged(policy);
      assert.deepEqual([...written], [...whole.parameters].map(([name, v]) => [name, [...v.dataSync()]])); // prettier-ignore
      assert.notDeepEqual(valuesOf(whole.parameters.values()), frozen);
      disposePolicy(whole);
    });

    it('drops inputs by seed and names, the share that was asked for, and keeps the mean', () => {
      const { weights } = tinyPolicy();
      const adapters = createAdapters(weights, LORA, 1);
      const on = (...names: number[]): ReturnType<typeof withDropout> =>
        withDropout(withAdapters(weights, adapters), 0.25, 1, ...names);
      const adapterOf = (of: typeof weights): NonNullable<(typeof weights.layers)[0]['query']['adapter']> =>
        of.layers[0].query.adapter!;
      // With A and B of ones, each output is the sum of the inputs that were kept, times scale and rank.
      const { a, b } = adapterOf(withAdapters(weights, adapters));
      a.assign(tf.ones(a.shape));
      b.assign(tf.ones(b.shape));
      const [rows, inputs] = [2000, a.shape[1]!];
      const sums = (of: typeof weights): number[] =>
        tf.tidy(() => {
          const x = tf.ones<tf.Rank.R2>([rows, inputs]);
          return [...linears(x, [linearPart(x, { weight: nothing, adapter: adapterOf(of) })])[0].dataSync()];
        });
      const nothing = tf.variable(tf.zeros([b.shape[0], inputs]));
      const whole = LORA.rank * loraScale(LORA) * inputs;
      assert.ok(sums(withAdapters(weights, adapters)).every((sum) => Math.abs(sum - whole) < 1e-3));
      const dropped = sums(on(1));
      assert.deepEqual(dropped, sums(on(1)));
      assert.notDeepEqual(dropped, sums(on(2)));
      const mean = dropped.reduce((x, y) => x + y, 0) / dropped.length;
      assert.ok(Math.abs(mean / whole - 1) < 0.02, String(mean / whole));
      disposeAdapters(adapters);
    });
  });
}

describe('the configuration of LoRA', () => {
  it('scales by alpha / rank, or alpha / √rank when rank-stabilised', () => {
    assert.equal(loraScale({ ...LORA, rank: 16, alpha: 32 }), 2);
    assert.equal(loraScale({ ...LORA, rank: 16, alpha: 32, rankStabilised: true }), 8);
  });

  it('takes a list of targets, or every linear layer', () => {
    assert.deepEqual(parseTargets('q_proj, v_proj,q_proj', 'lora.targets'), ['q_proj', 'v_proj']);
    assert.equal(parseTargets('all-linear', 'lora.targets').length, 7);
    for (const wrong of ['lm_head', 'q_proj,,v_proj', '', 'embed_tokens']) {
      assert.throws(() => parseTargets(wrong, 'lora.targets'), {
        name: 'UserError',
        message: /^lora.targets names ".*", which has no adapter here; write all-linear, or some of q_proj/,
      });
    }
  });
});
