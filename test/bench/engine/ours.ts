/** @file The embedded engine at one piece of work, in a process of its own: `node dist/test/bench/engine/ours.mjs WORK [THREADS]`. */
import * as tf from '@tensorflow/tfjs-core';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { configFrom } from '../../../src/app/config.ts';
import { startTraining } from '../../../src/app/train.ts';
import type { EmbeddedBackend } from '../../../src/model/engine/embedded-backend.ts';
import { activateEmbedded } from '../../../src/model/engine/register.ts';
import { adapterParameters, createAdapters, LORA_TARGETS, withAdapters } from '../../../src/model/lora.ts';
import { describeModel, loadWeights } from '../../../src/model/model-folder.ts';
import { decodeOnce, gradientOnce, prototypeSeconds, randomIds, timed } from './pieces.ts';
import { profiled } from './profile.ts';
import { type Decode, givenWork, type Gradient, type Grpo, type Product, serve, type Work } from './work.ts';

function productSeconds({ m, k, n, transposeA, transposeB, calls }: Product): () => Promise<number> {
  const a = tf.randomNormal(transposeA ? [k, m] : [m, k]);
  const b = tf.randomNormal(transposeB ? [n, k] : [k, n]);
  const once = (): void => {
    tf.matMul(a, b, transposeA, transposeB).dispose();
  };
  return async () => (await timed(() => void Array.from({ length: calls }, once))) / calls;
}

async function decodeSeconds({
  model,
  prompts,
  copies,
  promptLength,
  newTokens,
}: Decode): Promise<() => Promise<number>> {
  const description = await describeModel(model);
  const { weights } = await loadWeights(model, description, { isFrozen: true });
  const { config } = description;
  const ids = Array.from({ length: prompts }, () => randomIds(promptLength, config.vocabularySize));
  return () => decodeOnce(weights, config, { prompts: ids, copies, maxNewTokens: newTokens });
}

async function gradientSeconds({ model, rows, length, rank, ourRows }: Gradient): Promise<() => Promise<number>> {
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

async function secondsOf(work: Work): Promise<() => Promise<number>> {
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
      return prototypeSeconds(work);
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
