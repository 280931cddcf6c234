/**
 * @file AdamW (Loshchilov and Hutter 2019) over variables, in place, and the global norm that clips its gradients.
 *
 * The state is a record of variables and a counter, so that a checkpoint can save and restore it without asking anyone.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';

/** Name under which a backend may register a kernel that updates parameter and moments in place. */
export const adamWKernel = 'RecAdamW';

export interface AdamWOptions {
  readonly learningRate: number;
  /** Pulls matrices towards zero by learningRate · weightDecay; vectors (norms, biases) are left alone. */
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Multiplies every gradient: the result of `clipScale`, 1 to leave them. */
  readonly gradientScale: number;
}

export interface AdamWState {
  /** Updates done. */
  steps: number;
  /** First moments, in the order of the parameters. */
  readonly first: readonly Variable[];
  /** Second moments, in the order of the parameters. */
  readonly second: readonly Variable[];
}

/** Zero moments for these parameters. The caller disposes them with `disposeAdamW`. */
export function createAdamW(parameters: readonly Variable[]): AdamWState {
  const zeros = (): Variable[] =>
    parameters.map((parameter) => tf.tidy(() => tf.variable(tf.zerosLike(parameter), false)));
  return { steps: 0, first: zeros(), second: zeros() };
}

export function disposeAdamW(state: AdamWState): void {
  tf.dispose([...state.first, ...state.second]);
}

/** One update in place; gradients in the order of the parameters, left to the caller. */
export function adamW(
  parameters: readonly Variable[],
  gradients: readonly Tensor[],
  state: AdamWState,
  options: AdamWOptions,
): void {
  state.steps++;
  const step = biasCorrected(state.steps, options);
  const hasKernel = (tf.getKernel(adamWKernel, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined;
  for (const [i, parameter] of parameters.entries()) {
    const decay = parameter.rank >= 2 ? 1 - options.learningRate * options.weightDecay : 1;
    const inputs = { parameter, gradient: gradients[i], first: state.first[i], second: state.second[i] };
    if (hasKernel && !isShared(inputs)) {
      tf.dispose(tf.engine().runKernel(adamWKernel, inputs, { ...step, decay }));
    } else {
      updateOne(inputs, { ...step, decay });
    }
  }
}

/** Whether a clone shares the values, which an update in place would change too. */
function isShared(tensors: tf.NamedTensorMap): boolean {
  const backend = tf.backend();
  return Object.values(tensors).some((tensor) => backend.refCount(tensor.dataId) > 1);
}

interface Step {
  readonly beta1: number;
  readonly beta2: number;
  /** learningRate / (1 - beta1^t) */
  readonly rate: number;
  /** 1 / (1 - beta2^t) */
  readonly correction: number;
  readonly epsilon: number;
  readonly gradientScale: number;
}

function biasCorrected(steps: number, options: AdamWOptions): Step {
  const { beta1, beta2, epsilon, gradientScale, learningRate } = options;
  return {
    beta1,
    beta2,
    rate: learningRate / (1 - beta1 ** steps),
    correction: 1 / (1 - beta2 ** steps),
    epsilon,
    gradientScale,
  };
}

function updateOne(
  one: { parameter: Variable; gradient: Tensor; first: Variable; second: Variable },
  step: Step & { readonly decay: number },
): void {
  tf.tidy(() => {
    const gradient = tf.mul(one.gradient, step.gradientScale);
    one.first.assign(tf.add(tf.mul(one.first, step.beta1), tf.mul(gradient, 1 - step.beta1)));
    one.second.assign(tf.add(tf.mul(one.second, step.beta2), tf.mul(tf.square(gradient), 1 - step.beta2)));
    const size = tf.add(tf.sqrt(tf.mul(one.second, step.correction)), step.epsilon);
    const change = tf.div(tf.mul(one.first, step.rate), size);
    one.parameter.assign(tf.sub(tf.mul(one.parameter, step.decay), change));
  });
}

/** The Euclidean length of all gradients together. A scalar tensor: the caller disposes it. */
export function globalNorm(gradients: readonly Tensor[]): Scalar {
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum<Scalar>(tf.square(gradient)));
    // Stacked: WebGPU's own sum of many tensors binds them all at once, more than a device allows.
    return tf.sqrt(squares.length === 0 ? tf.scalar(0) : tf.sum<Scalar>(tf.stack(squares)));
  });
}

/** What to multiply gradients of this norm with so that their norm is at most `limit`; 1 when it already is. */
export function clipScale(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}
