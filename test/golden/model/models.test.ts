import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readJson } from '../../../src/base/json-file.ts';
import { packageRoot } from '../../../src/base/package-root.ts';
import { rngFrom } from '../../../src/base/rng.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { ComposedDecoder, paddedIds } from '../../../src/model/composed-decoder.ts';
import { createDecoder } from '../../../src/model/engine/decoder.ts';
import { type Completion, generate, type GenerationRequest } from '../../../src/model/generate.ts';
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
  readonly gradients: Readonly<Record<string, Projections>>;
  readonly greedy: readonly number[];
  /** After 320 tokens, more than `max_position_embeddings`. */
  readonly longLogits: readonly number[];
}

/** A gradient's length, and how far it reaches in two directions. */
interface Projections {
  readonly norm: number;
  readonly cos: number;
  readonly sin: number;
}

const families = [
  'qwen2',
  'qwen2-yarn',
  'qwen2-window',
  'qwen3',
  'qwen3-window',
  'llama',
  'llama3',
  'llama-linear',
  'llama-dynamic',
];

const close = (actual: number, expected: number, tolerance: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
};

function allClose(actual: readonly number[][], expected: readonly (readonly number[])[]): void {
  for (const [row, values] of expected.entries()) {
    for (const [i, value] of values.entries()) close(actual[row][i], value, 1e-4, `logit ${i} of row ${row}`);
  }
}

function projections(gradient: tf.Tensor): Projections {
  const values = gradient.dataSync<'float32'>();
  const sum = (weight: (i: number) => number): number => values.reduce((total, g, i) => total + g * weight(i), 0);
  return { norm: Math.hypot(...values), cos: sum(Math.cos), sin: sum((i) => Math.sin(2 * i + 1)) };
}

for (const engine of enginesUnderTest('cpu', 'embedded')) {
  for (const family of families) {
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

      /** Logits at these places of the hidden states. */
      const logitsAt = (rows: readonly number[], ids: tf.Tensor2D, positions?: tf.Tensor2D): number[][] =>
        tf.tidy(() => {
          const hidden = hiddenStates(model.weights, model.config, ids, { positions });
          return logitsOf(model.weights, tf.gather(hidden, tf.tensor1d([...rows], 'int32'))).arraySync();
        });

      const complete = async (request: Partial<GenerationRequest>): Promise<Completion> => {
        const [completion] = await generate(model.weights, model.config, {
          prompts: [golden.ids[0]],
          copies: 1,
          maxNewTokens: golden.greedy.length,
          sampling: { temperature: 0 },
          endIds: [],
          rng: () => assert.fail('greedy decoding draws nothing'),
          turn: () => Promise.resolve(),
          ...request,
        });
        return completion;
      };

      it('gives the logits of transformers in a padded batch', () => {
        const time = golden.ids[0].length;
        const last = golden.lengths.map((length, row) => row * time + length - 1);
        allClose(logitsAt(last, paddedIds(golden.ids, time)), golden.logits);
      });

      it('gives them for sequences packed into one row', () => {
        const ids = golden.ids.flatMap((row, i) => row.slice(0, golden.lengths[i]));
        const positions = golden.lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
        const ends = golden.lengths.map((_, row) => golden.lengths.slice(0, row + 1).reduce((a, b) => a + b) - 1);
        allClose(logitsAt(ends, tf.tensor2d([ids], undefined, 'int32'), packedPositions(positions)), golden.logits);
      });

      it('gives them after more tokens than the model has positions', () => {
        const ids = Array.from({ length: 320 }, (_, i) => ((37 * i + 11) % 94) + 3);
        allClose(logitsAt([319], paddedIds([ids], 320)), [golden.longLogits]);
        const packed = [...golden.ids[0], ...ids];
        const before = golden.ids[0].length;
        const positions = packedPositions(packed.map((_, i) => (i < before ? i : i - before)));
        allClose(logitsAt([packed.length - 1], paddedIds([packed], packed.length), positions), [golden.longLogits]);
      });

      it('gives the loss of transformers and the gradient of every weight', () => {
        const time = golden.ids[0].length;
        const places = golden.lengths.flatMap((length, row) =>
          Array.from({ length: length - 1 }, (_, i) => ({ row: row * time + i, target: golden.ids[row][i + 1] })),
        );
        const names = [...model.parameters.keys()];
        const parameters = [...model.parameters.values()];
        let gradients: Projections[] = [];
        const loss = tf.tidy(() => {
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
          gradients = parameters.map(({ name }) => projections(grads[name]));
          return value.dataSync()[0];
        });
        close(loss, golden.loss, 1e-5, 'loss');
        assert.deepEqual(new Set(names), new Set(Object.keys(golden.gradients)));
        for (const [i, name] of names.entries()) {
          const expected = golden.gradients[name];
          for (const key of ['norm', 'cos', 'sin'] as const) {
            close(gradients[i][key], expected[key], 1e-4 * expected.norm, `${key} of the gradient of ${name}`);
          }
        }
      });

      it('decodes 256 tokens greedily, token for token', async () => {
        assert.deepEqual((await complete({})).tokens, golden.greedy);
      });

      it('gives step by step with the cache every logit of the full pass', async () => {
        const [prompt, following] = [golden.ids[0], golden.greedy.slice(0, 12)];
        const sequence = [...prompt, ...following];
        const places = Array.from({ length: following.length + 1 }, (_, i) => prompt.length - 1 + i);
        const rows = logitsAt(places, paddedIds([sequence], sequence.length));
        // A copy of the sequence for each token, which is the one that it draws: flat enough that every token can be.
        const tokens = Int32Array.from(rows[0].keys());
        const sampling = { temperature: 10 };
        const options = { prompts: [prompt], copies: tokens.length, maxNewTokens: rows.length };
        const decoder =
          createDecoder(model.weights, model.config, options) ??
          new ComposedDecoder(model.weights, model.config, options);
        try {
          for (const [step, logits] of rows.entries()) {
            const scaled = logits.map((logit) => logit / sampling.temperature);
            const total = scaled.reduce((sum, logit) => sum + Math.exp(logit), 0);
            let below = 0;
            const uniforms = Float32Array.from(scaled, (logit) => {
              const share = Math.exp(logit) / total;
              return (below += share) - share / 2;
            });
            const read = tokens.map(() => following[step - 1]);
            const sampled =
              step === 0
                ? await decoder.prefill(uniforms, sampling)
                : await decoder.step(tokens, read, uniforms, sampling);
            assert.deepEqual(sampled.tokens, tokens);
            for (const [token, logProb] of sampled.logProbs.entries()) {
              const logit = sampling.temperature * (logProb + Math.log(total));
              close(logit, logits[token], 1e-4, `logit ${token} of step ${step}`);
            }
          }
        } finally {
          decoder.dispose();
        }
      });

      it('gives step by step with the cache the log-probabilities of the full pass', async () => {
        const { tokens, logProbs } = await complete({
          maxNewTokens: 60,
          sampling: { temperature: 1 },
          rng: () => rngFrom(3, family),
        });
        const sequence = [...golden.ids[0], ...tokens];
        const first = golden.ids[0].length - 1;
        const logits = logitsAt(
          tokens.map((_, i) => first + i),
          paddedIds([sequence], sequence.length),
        );
        for (const [i, row] of logits.entries()) {
          const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
          close(logProbs[i], row[tokens[i]] - Math.log(total), 1e-4, `log-probability of token ${i}`);
        }
      });

      it('has the weights of its file after all this', async () => {
        const valuesOf = ({ parameters }: LoadedWeights): number[][] =>
          [...parameters.values()].map((weight) => [...weight.dataSync()]);
        const loaded = await loadWeights(dir, model);
        assert.deepEqual(valuesOf(model), valuesOf(loaded));
        disposeParameters(loaded.parameters);
      });
    });
  }
}

function packedPositions(positions: readonly number[]): tf.Tensor2D {
  return tf.tensor2d([...positions], [1, positions.length], 'int32');
}
