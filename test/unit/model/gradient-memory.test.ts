import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rngFrom } from '../../../src/base/rng.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { lean } from '../../../src/model/lean-gradients.ts';
import { adapterParameters, createAdapters, withAdapters, withDropout } from '../../../src/model/lora.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { hiddenStates } from '../../../src/model/transformer.ts';
import type { ModelConfig, ModelWeights } from '../../../src/model/weights.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { TINY, tinyPolicy } from '../../fixtures/tiny-policy.ts';

const [BATCH, TIME] = [2, 9];
const LORA = { rank: 3, alpha: 6, dropout: 0.25, targets: ['q_proj', 'v_proj', 'down_proj'], rankStabilised: false };
/** Windows give the layers starts of their own; norms of heads are what Qwen3 adds. */
const WINDOWED: ModelConfig = { ...TINY, queryKeyNorm: true, windows: [undefined, 4] };

/** How less memory is needed: checkpointing.ts, lean-gradients.ts, or both. */
interface Way {
  readonly checkpointing: boolean;
  readonly isLean: boolean;
}
const PLAIN: Way = { checkpointing: false, isLean: false };
const WAYS: Readonly<Record<string, Way>> = {
  checkpointing: { checkpointing: true, isLean: false },
  'letting go': { checkpointing: false, isLean: true },
  'checkpointing and letting go': { checkpointing: true, isLean: true },
};

/** Gradients of a loss over random tokens, some of them packed into one row. */
function gradientsOf(
  weights: ModelWeights,
  config: ModelConfig,
  parameters: readonly tf.Variable[],
  { checkpointing, isLean }: Way,
): Float32Array[] {
  const loss = (): tf.Scalar => {
    const rng = rngFrom(7, 'tokens');
    const ids = Int32Array.from({ length: BATCH * TIME }, () => rng.below(config.vocabularySize));
    const positions = Array.from({ length: BATCH }, () => [0, 1, 2, 3, 4, 0, 1, 2, 3]);
    const hidden = hiddenStates(weights, config, tf.tensor2d(ids, [BATCH, TIME], 'int32'), {
      positions: tf.tensor2d(positions, [BATCH, TIME], 'int32'),
      checkpointing,
    });
    const targets = tf.tensor1d(ids.toReversed(), 'int32');
    return tf.mean(tf.square(tokenLogProbs(hidden, weights.head as tf.Tensor2D, targets, 1)));
  };
  const { value, grads } = tf.variableGrads(isLean ? lean(loss) : loss, [...parameters]);
  const values = parameters.map(({ name }) => grads[name].dataSync<'float32'>());
  tf.dispose([value, grads]);
  return values;
}

function assertSameGradients(expected: readonly Float32Array[], actual: readonly Float32Array[]): void {
  for (const [i, values] of expected.entries()) {
    const size = Math.hypot(...values);
    const difference = Math.hypot(...values.map((value, j) => value - actual[i][j]));
    assert.ok(size > 0 && difference <= 1e-6 * size, `parameter ${i}: ${difference} of ${size}`);
  }
}

for (const engine of enginesUnderTest('embedded', 'cpu')) {
  for (const [name, way] of Object.entries(WAYS)) {
    describe(`${name} on ${engine}`, () => {
      it('gives every weight the gradient that it has without', async () => {
        await selectBackend(engine);
        const { weights, parameters } = tinyPolicy(3, WINDOWED);
        const all = [...parameters.values()];
        assertSameGradients(gradientsOf(weights, WINDOWED, all, PLAIN), gradientsOf(weights, WINDOWED, all, way));
        tf.dispose(all);
      });

      it('gives adapters with dropout the gradient that they have without', async () => {
        await selectBackend(engine);
        const { weights, parameters } = tinyPolicy(3, WINDOWED);
        for (const parameter of parameters.values()) parameter.trainable = false;
        const adapters = createAdapters(weights, LORA, 1);
        for (const { b } of adapters.values()) b.assign(tf.onesLike(b)); // at 0 half of the gradients would be 0
        const adapted = withDropout(withAdapters(weights, adapters), LORA.dropout, 1);
        const trained = [...adapterParameters(adapters).values()];
        assertSameGradients(
          gradientsOf(adapted, WINDOWED, trained, PLAIN),
          gradientsOf(adapted, WINDOWED, trained, way),
        );
        tf.dispose([...parameters.values(), ...trained]);
      });

      it('leaves no tensor behind', async () => {
        await selectBackend(engine);
        const { weights, parameters } = tinyPolicy(3);
        const all = [...parameters.values()];
        gradientsOf(weights, TINY, all, way);
        const { numTensors } = tf.memory();
        gradientsOf(weights, TINY, all, way);
        assert.equal(tf.memory().numTensors, numTensors);
        tf.dispose(all);
      });
    });
  }
}

describe('gradients of a deep model', () => {
  const config: ModelConfig = { ...TINY, layers: 24, hiddenSize: 48, heads: 4, headSize: 12, feedForwardSize: 240 };

  it('need a fraction of the memory', async () => {
    await selectBackend('embedded');
    const backend = tf.backend();
    assert.ok(backend instanceof EmbeddedBackend);
    const { weights, parameters } = tinyPolicy(3, config);
    const first = weights.layers[0].inputNorm; // its gradient goes through all layers
    for (const parameter of parameters.values()) parameter.trainable = parameter === first;
    const peak = (way: Way): number => {
      backend.shared.heap.forgetPeak();
      gradientsOf(weights, config, [first], way);
      return backend.shared.heap.peakBytes - backend.shared.heap.usedBytes;
    };
    const [plain, ...others] = [PLAIN, ...Object.values(WAYS)].map(peak);
    for (const [i, most] of [1 / 3, 2 / 3, 1 / 4].entries())
      assert.ok(others[i] < plain * most, `${Object.keys(WAYS)[i]}: ${others[i]} of ${plain} bytes`);
    tf.dispose([...parameters.values()]);
  });
});
