import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readJson } from '../../../src/base/json-file.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { readAdapter, writeAdapter } from '../../../src/model/adapter-folder.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { paddedIds } from '../../../src/model/composed-decoder.ts';
import { generate } from '../../../src/model/generate.ts';
import {
  adapterParameters,
  type Adapters,
  disposeAdapters,
  type LoraConfig,
  mergeAdapters,
  unmergeAdapters,
  withAdapters,
  withoutAdapters,
} from '../../../src/model/lora.ts';
import {
  describeModel,
  disposeParameters,
  type LoadedWeights,
  loadWeights,
  type ModelDescription,
} from '../../../src/model/model-folder.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { readSafetensors } from '../../../src/model/safetensors.ts';
import { hiddenStates, logitsOf } from '../../../src/model/transformer.ts';
import type { ModelWeights } from '../../../src/model/weights.ts';
import { enginesUnderTest } from '../../fixtures/engines.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** The base model's, made by make_models.py. */
interface BaseGolden {
  readonly lengths: readonly number[];
  readonly ids: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
  readonly temperature: number;
}

/** Made by make_lora.py with Hugging Face's PEFT. */
interface Golden {
  /** After the last token of each sequence. */
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly greedy: readonly number[];
}

const close = (actual: number, expected: number, tolerance: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
};

for (const engine of enginesUnderTest('cpu', 'embedded')) {
  for (const family of ['qwen2', 'qwen3', 'llama']) {
    describe(`a random ${family} with an adapter of PEFT on the ${engine} engine`, () => {
      const dir = join(packageRoot(), 'test/golden/model', family);
      let base: BaseGolden;
      let golden: Golden;
      let model: ModelDescription & LoadedWeights;
      let config: LoraConfig;
      let adapters: Adapters;
      let weights: ModelWeights;
      before(async () => {
        await selectBackend(engine);
        base = (await readJson(join(dir, 'golden.json'))) as BaseGolden;
        golden = (await readJson(join(dir, 'lora/golden.json'))) as Golden;
        const description = await describeModel(dir);
        model = { ...description, ...(await loadWeights(dir, description)) };
        ({ config, adapters } = await readAdapter(join(dir, 'lora'), model.weights));
        weights = withAdapters(model.weights, adapters);
      });
      after(() => {
        disposeAdapters(adapters);
        disposeParameters(model.parameters);
      });

      const hidden = (of: ModelWeights): tf.Tensor2D =>
        hiddenStates(of, model.config, paddedIds(base.ids, base.ids[0].length));

      const assertLogits = (of: ModelWeights, expected: readonly (readonly number[])[]): void => {
        const last = base.lengths.map((length, row) => row * base.ids[0].length + length - 1);
        const logits = tf.tidy(() => logitsOf(of, tf.gather(hidden(of), tf.tensor1d(last, 'int32'))).arraySync());
        for (const [row, values] of expected.entries()) {
          for (const [i, value] of values.entries()) close(logits[row][i], value, 1e-4, `logit ${i} of row ${row}`);
        }
      };

      it('gives the logits of PEFT with the adapters on, and those of the base with them off', () => {
        assertLogits(weights, golden.logits);
        assertLogits(withoutAdapters(weights), base.logits);
      });

      it('gives PEFT’s logits when merged, and the base’s again when unmerged', async () => {
        const before = await Promise.all([...model.parameters.values()].map(async (p) => (await p.data()).slice()));
        mergeAdapters(weights);
        assertLogits(withoutAdapters(weights), golden.logits);
        unmergeAdapters(weights);
        for (const [i, [name, parameter]] of [...model.parameters].entries()) {
          for (const [j, value] of (await parameter.data()).entries()) close(value, before[i][j], 1e-6, name);
        }
      });

      it('gives PEFT’s loss, and every number in the gradients of A and B', () => {
        const time = base.ids[0].length;
        const places = base.lengths.flatMap((length, row) =>
          Array.from({ length: length - 1 }, (_, i) => ({ row: row * time + i, target: base.ids[row][i + 1] })),
        );
        const numbers = (of: (place: (typeof places)[number]) => number): tf.Tensor1D =>
          tf.tensor1d(places.map(of), 'int32');
        const parameters = adapterParameters(adapters);
        assert.deepEqual([...parameters.keys()].sort(), Object.keys(golden.gradients).sort());
        tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => {
            const states = tf.gather(
              hidden(weights),
              numbers(({ row }) => row),
            );
            const targets = numbers(({ target }) => target);
            const head = model.weights.head as tf.Tensor2D;
            return tf.neg<tf.Scalar>(tf.mean(tf.unstack(tokenLogProbs(states, head, targets, base.temperature), 1)[0]));
          }, [...parameters.values()]);
          close(value.dataSync()[0], golden.loss, 1e-5, 'loss');
          for (const [name, parameter] of parameters) {
            const expected = golden.gradients[name];
            const largest = Math.max(...expected.map(Math.abs));
            for (const [i, actual] of grads[parameter.name].dataSync().entries()) {
              close(actual, expected[i], 1e-4 * largest, `gradient ${i} of ${name}`);
            }
          }
        });
      });

      it('decodes greedily as PEFT does, token for token', async () => {
        const [{ tokens }] = await generate(weights, model.config, {
          prompts: [base.ids[0]],
          copies: 1,
          maxNewTokens: golden.greedy.length,
          sampling: { temperature: 0 },
          endIds: [],
          rng: () => assert.fail('greedy decoding draws nothing'),
          turn: () => Promise.resolve(),
        });
        assert.deepEqual(tokens, golden.greedy);
      });

      it('writes an adapter with the names, shapes and values that PEFT wrote', async (test) => {
        const folder = temporaryFolder(test);
        await writeAdapter(folder, config, adapters, dir);
        const contents = async (of: string): Promise<Map<string, unknown>> => {
          const tensors = new Map<string, unknown>();
          await readSafetensors(join(of, 'adapter_model.safetensors'), (name, array) => tensors.set(name, array));
          return tensors;
        };
        assert.deepEqual(await contents(folder), await contents(join(dir, 'lora')));
        const fields = (of: string): Record<string, unknown> =>
          JSON.parse(readFileSync(join(of, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
        const theirs = fields(join(dir, 'lora'));
        for (const [field, value] of Object.entries(fields(folder))) {
          if (field !== 'base_model_name_or_path' && field !== 'target_modules') {
            assert.deepEqual(value, theirs[field], field);
          }
        }
      });
    });
  }
}
