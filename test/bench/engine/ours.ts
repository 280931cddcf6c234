/** @file The embedded engine at one piece of work, in a process of its own: `node dist/test/bench/engine/ours.mjs WORK [THREADS]`. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { configFrom } from '../../../src/app/config.ts';
import { startTraining } from '../../../src/app/train.ts';
import { rngFrom } from '../../../src/base/rng.ts';
import type { DecoderOptions } from '../../../src/model/decoder.ts';
import { createDecoder } from '../../../src/model/engine/decoder.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { adapterParameters, createAdapters, LORA_TARGETS, withAdapters } from '../../../src/model/lora.ts';
import { describeModel, loadWeights } from '../../../src/model/model-folder.ts';
import { tokenLogProbs } from '../../../src/model/ops.ts';
import { hiddenStates } from '../../../src/model/transformer.ts';
import type { ModelConfig, ModelWeights } from '../../../src/model/weights.ts';
import { benchConfig, randomWeights, variablesOf } from '../model.ts';
import { profiled } from './profile.ts';
import { type Decode, givenWork, type Gradient, type Grpo, type Product, serve, type Work } from './work.ts';

const rng = rngFrom(1, 'bench');
const randomIds = (count: number, vocabularySize: number): number[] =>
  Array.from({ length: count }, () => rng.below(vocabularySize));

function timed(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function productSeconds({ m, k, n, transposeA, transposeB, calls }: Product): () => number {
  const a = tf.randomNormal(transposeA ? [k, m] : [m, k]);
  const b = tf.randomNormal(transposeB ? [n, k] : [k, n]);
  const once = (): void => {
    tf.matMul(a, b, transposeA, transposeB).dispose();
  };
  return () => timed(() => Array.from({ length: calls }, once)) / calls;
}

/** Seconds for each token after the first. */
function decodeOnce(weights: ModelWeights, config: ModelConfig, options: DecoderOptions): number {
  const rows = Int32Array.from({ length: options.prompts.length * options.copies }, (_, row) => row);
  const uniforms = Float32Array.from(rows, () => rng.next());
  const decoder = createDecoder(weights, config, options)!;
  let { tokens } = decoder.prefill(uniforms, { temperature: 1 });
  const seconds = timed(() => {
    for (let step = 1; step < options.maxNewTokens; step++) {
      ({ tokens } = decoder.step(rows, tokens, uniforms, { temperature: 1 }));
    }
  });
  decoder.dispose();
  return seconds / (options.maxNewTokens - 1);
}

async function decodeSeconds({ model, prompts, copies, promptLength, newTokens }: Decode): Promise<() => number> {
  const description = await describeModel(model);
  const { weights } = await loadWeights(model, description, { isFrozen: true });
  const { config } = description;
  const ids = Array.from({ length: prompts }, () => randomIds(promptLength, config.vocabularySize));
  return () => decodeOnce(weights, config, { prompts: ids, copies, maxNewTokens: newTokens });
}

/** Gradients of a clipped policy-gradient loss over `rows` sequences, `microRows` of them at a time. */
function gradientOnce(
  weights: ModelWeights,
  config: ModelConfig,
  parameters: readonly tf.Variable[],
  [rows, length, microRows]: readonly [number, number, number],
): void {
  let sums: tf.Tensor[] = [];
  for (let first = 0; first < rows; first += microRows) {
    const tokens = randomIds(microRows * (length + 1), config.vocabularySize);
    const ids = tf.slice(tf.tensor2d(tokens, [microRows, length + 1], 'int32'), [0, 0], [-1, length]);
    const targets = tf.slice(tf.tensor2d(tokens, [microRows, length + 1], 'int32'), [0, 1], [-1, length]);
    const gain = tf.randomNormal([microRows * length]);
    const { value, grads } = tf.variableGrads(() => {
      const hidden = hiddenStates(weights, config, ids);
      const both = tokenLogProbs(hidden, weights.head as tf.Tensor2D, tf.reshape(targets, [-1]), 1);
      const ratio = tf.exp(tf.add(tf.reshape(tf.slice(both, [0, 0], [-1, 1]), [-1]), 7.6));
      const bounded = tf.minimum(tf.mul(ratio, gain), tf.mul(tf.clipByValue(ratio, 0.8, 1.2), gain));
      return tf.div<tf.Scalar>(tf.neg(tf.sum(bounded)), rows * length);
    }, [...parameters]);
    tf.dispose([value, gain, ids, targets]);
    const found = parameters.map(({ name }) => grads[name]);
    const added = sums.length === 0 ? found : found.map((gradient, i) => tf.tidy(() => tf.add(gradient, sums[i])));
    if (sums.length > 0) tf.dispose([found, sums]);
    sums = added;
  }
  tf.dispose(sums);
}

async function gradientSeconds({ model, rows, length, rank, ourRows }: Gradient): Promise<() => number> {
  const description = await describeModel(model);
  const { weights, parameters } = await loadWeights(model, description, { isFrozen: rank > 0 });
  const lora = { rank, alpha: 2 * rank, dropout: 0, targets: LORA_TARGETS, rankStabilised: false };
  const adapters = rank > 0 ? createAdapters(weights, lora, 1) : undefined;
  const trained = adapters ? withAdapters(weights, adapters) : weights;
  const learnt = adapters ? [...adapterParameters(adapters).values()] : [...parameters.values()];
  return () =>
    timed(() => {
      tf.tidy(() => {
        gradientOnce(trained, description.config, learnt, [rows, length, ourRows]);
      });
    });
}

/** What a step of `rec-r1 train` takes: its generator makes a step whenever it is asked for one. */
function grpoSeconds({ model, task, prompts, copies, newTokens, steps }: Grpo): () => Promise<number> {
  const never = new AbortController().signal;
  const sizes = { 'rollout.prompts': prompts, 'rollout.groupSize': copies, 'rollout.maxNewTokens': newTokens };
  const rare = { 'evaluation.limit': 1, 'evaluation.every': 1000, 'checkpoint.every': 1000 };
  const config = {
    model,
    task,
    steps: steps + 2,
    'optimizer.learningRate': 1e-6,
    promptStyle: 'plain',
    ...sizes,
    ...rare,
  };
  const runDir = join(process.env['REC_R1_BENCH_FOLDER']!, `run-${process.pid}`);
  const events = startTraining({ runDir, config: configFrom(config, 'bench') }, { stop: never, cancel: never });
  return async () => {
    for (;;) {
      const next = await events.next();
      if (next.done === true) throw new Error('the training ended');
      if (next.value.kind === 'step') return next.value.metrics.stepSeconds;
    }
  };
}

/** Packing, prompts, 48 tokens and one gradient step, as the first prototypes were timed. */
function prototypeSeconds(): () => number {
  const weights = randomWeights(benchConfig);
  const parameters = variablesOf(weights);
  const prompts = Array.from({ length: 8 }, () => randomIds(64, benchConfig.vocabularySize));
  return () =>
    timed(() => {
      decodeOnce(weights, benchConfig, { prompts, copies: 8, maxNewTokens: 48 });
      tf.tidy(() => {
        gradientOnce(weights, benchConfig, parameters, [64, 112, 16]);
      });
    });
}

async function secondsOf(work: Work): Promise<() => number | Promise<number>> {
  switch (work.work) {
    case 'product':
      return productSeconds(work);
    case 'decode':
      return decodeSeconds(work);
    case 'gradient':
      return gradientSeconds(work);
    case 'grpo':
      return grpoSeconds(work);
    case 'prototype':
      return prototypeSeconds();
    case 'copy':
      throw new Error('the bandwidth is the machine’s, not ours');
  }
}

if (process.env['REC_R1_BENCH_PRIORITY'] === 'low') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const threads = process.argv[3] ? Number(process.argv[3]) : 2;
const backend: EmbeddedBackend = await activateEmbedded({ threads });
const seconds = await secondsOf(givenWork());
const name = `${backend.description}, Node ${process.versions.node}`;
if (process.env['REC_R1_BENCH_PROFILE']) await profiled(backend, seconds);
else await serve(name, seconds);
process.exit(0);
