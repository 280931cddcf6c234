/**
 * @file One optimizer step over micro-batches: their gradients add up to exactly that of the whole batch, so memory does
 * not grow with the batch. The only writer of weights, and it writes none that a loss or gradient which is not finite asks
 * for.
 */
import * as tf from '@tensorflow/tfjs-core';
import { adamW, type AdamWState, clipScale, globalNorm } from '../model/adamw.ts';
import { keepPanels } from '../model/keep-panels.ts';
import { lean } from '../model/lean-gradients.ts';
import type { Policy } from '../model/policy.ts';
import type { LossSums } from './grpo.ts';

export interface OptimizerSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** The gradient is scaled down to this norm. */
  readonly maxGradNorm: number;
}

/** What sums over tokens are divided by. */
export interface Divisors {
  /** In all micro-batches together; the watched sums become means over them. */
  readonly tokens: number;
  readonly loss: number;
}

export interface StepResult {
  readonly loss: number;
  /** Of the watched sums, per token. */
  readonly statistics: readonly number[];
  /** Before clipping. */
  readonly gradNorm: number;
  /** False when loss or gradient was not finite; weights and optimizer are then as before. */
  readonly applied: boolean;
}

/** Betas and epsilon of PyTorch's AdamW, which the paper keeps. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * @param micro one or more.
 * @param sumsOf sums over a micro-batch's tokens.
 * @param turn awaited between micro-batches; when it throws, weights and optimizer are as before.
 */
export async function optimizerStep<M>(
  policy: Pick<Policy, 'parameters'>,
  optimizer: AdamWState,
  micro: readonly M[],
  sumsOf: (batch: M) => LossSums,
  per: Divisors,
  settings: OptimizerSettings,
  turn: () => Promise<void>,
): Promise<StepResult> {
  const parameters = [...policy.parameters.values()];
  const losses: tf.Scalar[] = [];
  const sums: tf.Tensor1D[] = [];
  let gradients: tf.Tensor[] = [];
  try {
    const release = keepPanels(parameters);
    try {
      for (const batch of micro) {
        const pass = gradientsOf(parameters, () => sumsOf(batch), per.loss);
        gradients = gradients.length === 0 ? pass.gradients : added(gradients, pass.gradients);
        losses.push(pass.loss); // read when all are under way: reading waits for what the engine is still at
        sums.push(pass.statistics);
        await turn();
      }
    } finally {
      release();
    }
    const norm = globalNorm(gradients);
    const [gradNorm] = await norm.data();
    norm.dispose();
    const loss = (await Promise.all(losses.map((one) => one.data()))).reduce((total, [one]) => total + one, 0);
    const statistics: number[] = [];
    for (const sum of sums) {
      for (const [i, value] of (await sum.data()).entries()) statistics[i] = (statistics[i] ?? 0) + value / per.tokens;
    }
    const applied = Number.isFinite(loss) && Number.isFinite(gradNorm);
    const gradientScale = clipScale(gradNorm, settings.maxGradNorm);
    if (applied) adamW(parameters, gradients, optimizer, { ...ADAM, ...settings, gradientScale });
    return { loss, statistics, gradNorm, applied };
  } finally {
    tf.dispose([losses, sums, gradients]);
  }
}

/** Whether the loss of one micro-batch and its gradient are finite. */
export async function isFiniteOn(policy: Policy, sums: () => LossSums): Promise<boolean> {
  const { loss, statistics, gradients } = gradientsOf([...policy.parameters.values()], sums, 1);
  const norm = globalNorm(gradients);
  try {
    return Number.isFinite((await loss.data())[0]) && Number.isFinite((await norm.data())[0]);
  } finally {
    tf.dispose([loss, statistics, norm, ...gradients]);
  }
}

/** Gradients of the loss divided by `divisor`, in the order of the parameters, with that loss and the watched sums. */
function gradientsOf(
  parameters: tf.Variable[],
  sumsOf: () => LossSums,
  divisor: number,
): { gradients: tf.Tensor[]; loss: tf.Scalar; statistics: tf.Tensor1D } {
  return tf.tidy(() => {
    let statistics: tf.Tensor1D | undefined;
    const { value, grads } = tf.variableGrads(
      lean(() => {
        const sums = sumsOf();
        statistics = tf.keep(sums.statistics);
        return tf.div<tf.Scalar>(sums.loss, divisor);
      }),
      parameters,
    );
    if (!statistics) throw new Error('the loss was not computed');
    return { gradients: parameters.map((parameter) => grads[parameter.name]), loss: value, statistics };
  });
}

/** a + b, disposing both one by one: two sets of gradients exist at a time, not three. */
function added(a: readonly tf.Tensor[], b: readonly tf.Tensor[]): tf.Tensor[] {
  return a.map((tensor, i) => {
    const sum = tf.add(tensor, b[i]);
    tf.dispose([tensor, b[i]]);
    return sum;
  });
}
