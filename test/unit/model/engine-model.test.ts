import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { adamW, createAdamW, disposeAdamW } from '../../../src/model/adamw.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { hiddenStates } from '../../../src/model/transformer.ts';
import type { ModelWeights } from '../../../src/model/weights.ts';
import { benchConfig, randomWeights, variablesOf } from '../../bench/model.ts';

const config = { ...benchConfig, layers: 2, vocabularySize: 517 };
/** More rows than products take without repacking a weight first. */
const [batch, time] = [9, 19];

let backend: EmbeddedBackend | undefined;

after(() => {
  backend?.dispose();
});

/** A policy-gradient loss with an entropy bonus over random tokens. */
function loss(weights: ModelWeights): tf.Scalar {
  const rng = rngFrom(4, 'model');
  const tokens = Int32Array.from({ length: batch * time }, () => rng.below(config.vocabularySize));
  const advantages = tf.tensor1d(Array.from({ length: batch * time }, () => rng.next() - 0.5));
  const hidden = hiddenStates(weights, config, tf.tensor2d(tokens, [batch, time], 'int32'));
  const targets = tf.tensor1d(tokens.toReversed(), 'int32');
  const [logProbs, entropy] = tf.split(tokenLogProbs(hidden, weights.head as tf.Tensor2D, targets, 0.9), 2, 1);
  const gain = tf.mul(tf.exp(tf.add(tf.squeeze(logProbs, [1]), 6)), advantages);
  return tf.neg(tf.mean(tf.add(gain, tf.mul(tf.squeeze(entropy, [1]), 0.1))));
}

function gradientsOf(weights: ModelWeights): Float32Array[] {
  const parameters = variablesOf(weights);
  const { value, grads } = tf.variableGrads(() => loss(weights), parameters);
  const values = parameters.map((parameter) => grads[parameter.name].dataSync<'float32'>());
  tf.dispose([value, grads]);
  return values;
}

/** How often products repack an operand while `act` runs. */
function repackings(backend: EmbeddedBackend, act: () => void): number {
  const { pool } = backend;
  const run = pool.run.bind(pool);
  let count = 0;
  pool.run = (kernel, ...rest): void => {
    if (kernel === 'packPanels') count++;
    run(kernel, ...rest);
  };
  act();
  pool.run = run;
  return count;
}

describe('a whole model on the embedded engine', () => {
  it('has the gradients of the CPU backend to 1e-5', async () => {
    backend = await activateEmbedded();
    const weights = randomWeights(config);
    const actual = gradientsOf(weights);
    await tf.setBackend('cpu');
    const expected = gradientsOf(weights);
    for (const [i, variable] of variablesOf(weights).entries()) {
      let [difference, size] = [0, 0];
      for (const [j, value] of expected[i].entries()) {
        difference += (actual[i][j] - value) ** 2;
        size += value ** 2;
      }
      assert.ok(Math.sqrt(difference) <= 1e-5 * Math.sqrt(size), `${variable.name}: ${Math.sqrt(difference / size)}`);
    }
    await tf.setBackend('embedded');
    tf.dispose(variablesOf(weights));
  });

  it('repacks weights once while they are kept, for the same gradients, and sees them change afterwards', async () => {
    backend = await activateEmbedded();
    const weights = randomWeights(config);
    const parameters = variablesOf(weights);
    const expected = gradientsOf(weights);
    const before = backend.shared.heap.usedBytes;
    const always = repackings(backend, () => gradientsOf(weights));
    const release = backend.keepPanels(parameters);
    const first = repackings(backend, () => gradientsOf(weights));
    const next = repackings(backend, () => {
      assert.deepEqual(gradientsOf(weights), expected);
    });
    assert.ok(first <= always); // the head's logits are computed twice
    const matrices = parameters.filter(({ rank }) => rank === 2).length;
    assert.ok(first - next >= 2 * matrices, `${first} first, ${next} afterwards`); // towards output and input
    release();
    assert.equal(backend.shared.heap.usedBytes, before);
    for (const parameter of parameters) parameter.assign(tf.mul(parameter, 1.1));
    const changed = gradientsOf(weights);
    assert.notDeepEqual(changed, expected);
    const again = backend.keepPanels(parameters);
    assert.deepEqual(gradientsOf(weights), changed);
    again();
    tf.dispose(parameters);
  });

  it('neither leaves tensors nor grows the heap over repeated updates', async () => {
    backend = await activateEmbedded();
    const weights = randomWeights(config);
    const parameters = variablesOf(weights);
    const state = createAdamW(parameters);
    const options = { learningRate: 1e-3, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, gradientScale: 1 };
    const update = (): void => {
      const { value, grads } = tf.variableGrads(() => loss(weights), parameters);
      adamW(
        parameters,
        parameters.map((parameter) => grads[parameter.name]),
        state,
        options,
      );
      tf.dispose([value, grads]);
    };
    update();
    const { numTensors } = tf.memory();
    const { usedBytes, end } = backend.shared.heap;
    for (let i = 0; i < 40; i++) update();
    assert.equal(tf.memory().numTensors, numTensors);
    assert.equal(backend.shared.heap.usedBytes, usedBytes);
    assert.equal(backend.shared.heap.end, end);
    tf.dispose(parameters);
    disposeAdamW(state);
  });

  it('moves parameters like the composed AdamW', async () => {
    const parametersAfter = async (name: string): Promise<Float32Array> => {
      await tf.setBackend(name);
      const parameter = tf.tidy(() => tf.variable(tf.tensor2d([1, -2, 3, 4, 5, -6, 7], [7, 1])));
      const gradient = tf.tensor2d([0.1, 0.2, -0.3, 0, 1, -1, 1e-9], [7, 1]);
      const state = createAdamW([parameter]);
      const options = {
        learningRate: 0.1,
        weightDecay: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        gradientScale: 0.5,
      };
      for (let i = 0; i < 3; i++) adamW([parameter], [gradient], state, options);
      const values = parameter.dataSync<'float32'>();
      tf.dispose([parameter, gradient]);
      disposeAdamW(state);
      return values;
    };
    backend = await activateEmbedded();
    const expected = await parametersAfter('cpu');
    const actual = await parametersAfter('embedded');
    for (const [i, value] of actual.entries())
      assert.ok(Math.abs(value - expected[i]) < 1e-5, `${value}, ${expected[i]}`);
  });
});
