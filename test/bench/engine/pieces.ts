/** @file Decoding and gradients as the embedded engine and TensorFlow.js's own do them: the same code of the model. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { rngFrom } from '../../../src/base/rng.ts';
import { ComposedDecoder } from '../../../src/model/composed-decoder.ts';
import type { DecoderOptions } from '../../../src/model/decoder.ts';
import { createDecoder } from '../../../src/model/engine/decoder.ts';
import { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { keepPanels } from '../../../src/model/keep-panels.ts';
import { lean } from '../../../src/model/lean-gradients.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { hiddenStates } from '../../../src/model/transformer.ts';
import type { ModelConfig, ModelWeights } from '../../../src/model/weights.ts';
import { benchConfig, randomWeights, variablesOf } from '../model.ts';
import type { Prototype } from './work.ts';

const rng = rngFrom(1, 'bench');
export const randomIds = (count: number, vocabularySize: number): number[] =>
  Array.from({ length: count }, () => rng.below(vocabularySize));

/** Seconds until everything is done that was asked for. */
export async function timed(run: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  const backend = tf.backend();
  if (backend instanceof EmbeddedBackend) backend.pool.settle();
  return (performance.now() - start) / 1000;
}

/** Seconds for each token after the first. */
export async function decodeOnce(weights: ModelWeights, config: ModelConfig, options: DecoderOptions): Promise<number> {
  const rows = Int32Array.from({ length: options.prompts.length * options.copies }, (_, row) => row);
  const uniforms = Float32Array.from(rows, () => rng.next());
  const decoder = createDecoder(weights, config, options) ?? new ComposedDecoder(weights, config, options);
  let { tokens } = await decoder.prefill(uniforms, { temperature: 1 });
  const seconds = await timed(async () => {
    for (let step = 1; step < options.maxNewTokens; step++) {
      ({ tokens } = await decoder.step(rows, tokens, uniforms, { temperature: 1 }));
    }
  });
  decoder.dispose();
  return seconds / (options.maxNewTokens - 1);
}

/** Gradients of a clipped policy-gradient loss over `rows` sequences, `microRows` of them at a time. */
export function gradientOnce(
  weights: ModelWeights,
  config: ModelConfig,
  parameters: readonly tf.Variable[],
  [rows, length, microRows]: readonly [number, number, number],
): void {
  const release = keepPanels(parameters); // as an update does
  let sums: tf.Tensor[] = [];
  for (let first = 0; first < rows; first += microRows) {
    const tokens = randomIds(microRows * (length + 1), config.vocabularySize);
    const ids = tf.slice(tf.tensor2d(tokens, [microRows, length + 1], 'int32'), [0, 0], [-1, length]);
    const targets = tf.slice(tf.tensor2d(tokens, [microRows, length + 1], 'int32'), [0, 1], [-1, length]);
    const gain = tf.randomNormal([microRows * length]);
    const { value, grads } = tf.variableGrads(
      lean(() => {
        const hidden = hiddenStates(weights, config, ids);
        const both = tokenLogProbs(hidden, weights.head as tf.Tensor2D, tf.reshape(targets, [-1]), 1);
        const ratio = tf.exp(tf.add(tf.reshape(tf.slice(both, [0, 0], [-1, 1]), [-1]), 7.6));
        const bounded = tf.minimum(tf.mul(ratio, gain), tf.mul(tf.clipByValue(ratio, 0.8, 1.2), gain));
        return tf.div<tf.Scalar>(tf.neg(tf.sum(bounded)), rows * length);
      }),
      [...parameters],
    );
    tf.dispose([value, gain, ids, targets]);
    const found = parameters.map(({ name }) => grads[name]);
    const added = sums.length === 0 ? found : found.map((gradient, i) => tf.tidy(() => tf.add(gradient, sums[i])));
    if (sums.length > 0) tf.dispose([found, sums]);
    sums = added;
  }
  tf.dispose(sums);
  release();
}

/** Packing, prompts, 48 tokens and one gradient step, as the first prototypes were timed. */
export function prototypeSeconds({ microRows }: Prototype): () => Promise<number> {
  const weights = randomWeights(benchConfig);
  const parameters = variablesOf(weights);
  const prompts = Array.from({ length: 8 }, () => randomIds(64, benchConfig.vocabularySize));
  return () =>
    timed(async () => {
      await decodeOnce(weights, benchConfig, { prompts, copies: 8, maxNewTokens: 48 });
      tf.tidy(() => {
        gradientOnce(weights, benchConfig, parameters, [64, 112, microRows]);
      });
    });
}
