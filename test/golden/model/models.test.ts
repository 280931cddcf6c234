import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readJson } from '../../../src/base/json-file.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { paddedIds } from '../../../src/model/composed-decoder.ts';
import { generate } from '../../../src/model/generate.ts';
import {
  describeModel,
  disposeParameters,
  type LoadedWeights,
  loadWeights,
  type ModelDescription,
} from '../../../src/model/model-folder.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { hiddenStates, logitsOf } from '../../../src/model/transformer.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';

/** Made by make_models.py with Hugging Face's transformers. */
interface Golden {
  readonly lengths: readonly number[];
  readonly ids: readonly (readonly number[])[];
  /** After the last token of each sequence. */
  readonly logits: readonly (readonly number[])[];
  readonly temperature: number;
  readonly loss: number;
  readonly gradientNorms: Readonly<Record<string, number>>;
  readonly greedy: readonly number[];
}

const close = (actual: number, expected: number, tolerance: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
};

for (const engine of enginesUnderTest('cpu', 'embedded')) {
  for (const family of ['qwen2', 'llama']) {
    describe(`a random ${family} on the ${engine} engine`, () => {
      const dir = join(packageRoot(), 'test/golden/model', family);
      let golden: Golden;
      let model: ModelDescription & LoadedWeights;
      before(async () => {
        await selectBackend(engine);
        golden = (await readJson(join(dir, 'golden.json'))) as Golden;
        const description = await describeModel(dir);
        model = { ...description, ...(await loadWeights(dir, description)) };
      });
      after(() => {
        disposeParameters(model.parameters);
      });

      it('gives the logits of transformers, also in a padded batch', () => {
        const time = golden.ids[0].length;
        const last = golden.lengths.map((length, row) => row * time + length - 1);
        const logits = tf.tidy(() => {
          const hidden = hiddenStates(model.weights, model.config, paddedIds(golden.ids, time));
          return logitsOf(model.weights, tf.gather(hidden, tf.tensor1d(last, 'int32'))).arraySync();
        });
        for (const [row, expected] of golden.logits.entries()) {
          for (const [i, value] of expected.entries()) close(logits[row][i], value, 1e-4, `logit ${i} of row ${row}`);
        }
      });

      it('gives the loss of transformers and the gradient of every weight', () => {
        const time = golden.ids[0].length;
        const places = golden.lengths.flatMap((length, row) =>
          Array.from({ length: length - 1 }, (_, i) => ({ row: row * time + i, target: golden.ids[row][i + 1] })),
        );
        const names = [...model.parameters.keys()];
        const parameters = [...model.parameters.values()];
        const { loss, norms } = tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => {
            const hidden = hiddenStates(model.weights, model.config, paddedIds(golden.ids, time));
            const rows = tf.tensor1d(
              places.map(({ row }) => row),
              'int32',
            );
            const targets = tf.tensor1d(
              places.map(({ target }) => target),
              'int32',
            );
            const head = model.weights.head as tf.Tensor2D;
            const [logProbs] = tf.unstack(tokenLogProbs(tf.gather(hidden, rows), head, targets, golden.temperature), 1);
            return tf.neg<tf.Scalar>(tf.mean(logProbs));
          }, parameters);
          return {
            loss: value.dataSync()[0],
            norms: parameters.map(({ name }) => tf.norm(grads[name]).dataSync()[0]),
          };
        });
        close(loss, golden.loss, 1e-5, 'loss');
        for (const [i, name] of names.entries()) {
          const expected = golden.gradientNorms[name];
          close(norms[i], expected, 1e-4 * expected, `gradient of ${name}`);
        }
      });

      it('decodes greedily, token for token', async () => {
        const [{ tokens }] = await generate(model.weights, model.config, {
          prompts: [golden.ids[0]],
          copies: 1,
          maxNewTokens: golden.greedy.length,
          sampling: { temperature: 0 },
          endIds: [],
          rng: () => assert.fail('greedy decoding draws nothing'),
          turn: () => Promise.resolve(),
        });
        assert.deepEqual(tokens, golden.greedy);
      });
    });
  }
}
