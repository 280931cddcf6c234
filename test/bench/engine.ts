/**
 * @file How fast the embedded engine is: products, a gradient step and decoding at the size of the starter policy.
 *
 * `node dist/test/bench/engine.mjs [threads] [variant]` after `node src/tools/build.ts --tests`. Medians, with the
 * quartiles beside them. Other work on the machine makes them worse: look at the lower quartile.
 */
import * as tf from '@tensorflow/tfjs-core';
import { rngFrom } from '../../src/base/rng.ts';
import { adamW, createAdamW } from '../../src/model/adamw.ts';
import { createDecoder } from '../../src/model/engine/decoder.ts';
import { activateEmbedded } from '../../src/model/engine/register.ts';
import type { VariantName } from '../../src/model/engine/variants.ts';
import { tokenLogProbs } from '../../src/model/ops.ts';
import { hiddenStates } from '../../src/model/transformer.ts';
import { benchConfig, randomWeights, variablesOf } from './model.ts';

const threads = process.argv[2] ? Number(process.argv[2]) : undefined;
const backend = await activateEmbedded({ threads, variant: process.argv[3] as VariantName | undefined });
console.log(`node ${process.version}, V8 ${process.versions.v8}: ${backend.description}`);

/** Runs and prints one measurement; `work` in floating-point operations adds a rate. */
function measure(name: string, repetitions: number, run: () => void, work?: number): void {
  run();
  run();
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))];
  const rate = work ? `  ${(work / at(0.5) / 1e6).toFixed(0)} GFLOP/s` : '';
  console.log(`${name.padEnd(44)} ${at(0.5).toFixed(2)} ms  [${at(0.25).toFixed(2)}, ${at(0.75).toFixed(2)}]${rate}`);
}

function products(): void {
  for (const [m, k, n, transposeA, transposeB] of [
    [512, 512, 512, false, false],
    [1024, 1024, 1024, false, false],
    [7168, 192, 512, false, true],
    [7168, 512, 192, false, false],
    [512, 7168, 192, true, false],
    [64, 192, 2048, false, true],
    [64, 896, 4864, false, true],
    [1, 192, 2048, false, true],
  ] as const) {
    const a = tf.randomNormal(transposeA ? [k, m] : [m, k]);
    const b = tf.randomNormal(transposeB ? [n, k] : [k, n]);
    const name = `product ${m}x${k}x${n}${transposeA ? ' TN' : transposeB ? ' NT' : ' NN'}`;
    measure(
      name,
      15,
      () => {
        tf.dispose(tf.matMul(a, b, transposeA, transposeB));
      },
      2 * m * n * k,
    );
    tf.dispose([a, b]);
  }
}

/** The gradient of a clipped policy-gradient loss over 64 sequences of 112 tokens, then AdamW. */
function training(): void {
  const [batch, time] = [64, 112];
  const weights = randomWeights(benchConfig);
  const parameters = variablesOf(weights);
  const state = createAdamW(parameters);
  const rng = rngFrom(1, 'bench');
  const tokens = Int32Array.from({ length: batch * time }, () => rng.below(benchConfig.vocabularySize));
  const ids = tf.tensor2d(tokens, [batch, time], 'int32');
  const targets = tf.tensor1d(
    Int32Array.from(tokens, (_, i) => tokens[(i + 1) % tokens.length]),
    'int32',
  );
  const advantages = tf.randomNormal([batch * time]);
  const loss = (): tf.Scalar => {
    const hidden = hiddenStates(weights, benchConfig, ids);
    const logProbs = tf.slice(tokenLogProbs(hidden, weights.head as tf.Tensor2D, targets, 1), [0, 0], [-1, 1]);
    const ratio = tf.exp(tf.sub(tf.reshape(logProbs, [-1]), -7.6));
    return tf.neg(tf.mean(tf.minimum(tf.mul(ratio, advantages), tf.mul(tf.clipByValue(ratio, 0.8, 1.2), advantages))));
  };
  measure(
    'forward 64x112',
    5,
    () => {
      tf.dispose(tf.tidy(loss));
    },
    41e9,
  );
  let gradients: tf.Tensor[] = [];
  measure(
    'gradient step 64x112',
    5,
    () => {
      tf.dispose(gradients);
      const { value, grads } = tf.variableGrads(loss, [...parameters]);
      value.dispose();
      gradients = parameters.map((parameter) => grads[parameter.name]);
    },
    129e9,
  );
  const options = { learningRate: 1e-4, weightDecay: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, gradientScale: 1 };
  measure('AdamW', 15, () => {
    adamW(parameters, gradients, state, options);
  });
  console.log(
    `heap: ${(backend.shared.heap.end / 2 ** 20).toFixed(0)} MiB grown, ${(backend.shared.heap.usedBytes / 2 ** 20).toFixed(0)} MiB in use`,
  );
}

/** 8 prompts of 64 tokens with 8 completions each: prefill, a decoding step, and a whole rollout of 48 tokens. */
function decoding(): void {
  const weights = randomWeights(benchConfig);
  const rng = rngFrom(2, 'bench');
  const prompts = Array.from({ length: 8 }, () =>
    Array.from({ length: 64 }, () => rng.below(benchConfig.vocabularySize)),
  );
  const rows = Int32Array.from({ length: 64 }, (_, row) => row);
  const uniforms = Float32Array.from(rows, () => rng.next());
  const sampling = { temperature: 1 };
  const rollout = (steps: number): number[] => {
    const times: number[] = [];
    const decoder = createDecoder(weights, benchConfig, { prompts, copies: 8, maxNewTokens: 48 })!;
    let { tokens } = decoder.prefill(uniforms, sampling);
    for (let step = 1; step < steps; step++) {
      const start = performance.now();
      ({ tokens } = decoder.step(rows, tokens, uniforms, sampling));
      times.push(performance.now() - start);
    }
    decoder.dispose();
    return times;
  };
  measure('pack, prefill 8x64, first token', 9, () => {
    rollout(1);
  });
  measure('rollout 64x48 in all', 9, () => {
    rollout(48);
  });
  const steps = Array.from({ length: 5 }, () => rollout(48))
    .flat()
    .sort((a, b) => a - b);
  const at = (share: number): string => steps[Math.floor(share * (steps.length - 1))].toFixed(2);
  console.log(`${'decoding step, 64 rows'.padEnd(44)} ${at(0.5)} ms  [${at(0.25)}, ${at(0.75)}], fastest ${at(0)}`);
  tf.dispose(variablesOf(weights));
}

products();
decoding();
training();
backend.dispose();
