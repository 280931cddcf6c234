/**
 * @file The operations of ops.ts as single kernels, with their gradients in TensorFlow.js's registry.
 *
 * Gradients compute again what is cheap (norms, attention weights, logits) instead of keeping it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, TensorInfo } from '@tensorflow/tfjs-core';
import { adamWKernel } from '../adamw.ts';
import { fusedKernels } from '../ops.ts';
import type { Rotation } from '../rope.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { type EngineKernel, register, rowsPerChunk, runFlat, sizeOf } from './engine-kernel.ts';
import { checkStarts, rangeOf } from './indices.ts';
import { registerLinears } from './fused-linears.ts';
import { rotaryTables } from './rotary-tables.ts';
import { gatherRows, scatterRows } from './shapes.ts';
import { tokenLogProbs, tokenLogProbsGradient } from './fused-log-probs.ts';

const gradientOf = (kernel: string): string => `${kernel}Gradient`;

/** Registers kernels for the embedded backend and, once for all backends, their gradients. */
export function registerFused(): void {
  registerLinears();
  register(fusedKernels.rmsNorm, rmsNorm);
  register(gradientOf(fusedKernels.rmsNorm), rmsNormGradient);
  register(fusedKernels.branchedNorm, branchedNorm);
  register(fusedKernels.rotary, rotary);
  register(fusedKernels.causalAttention, attention);
  register(gradientOf(fusedKernels.causalAttention), attentionGradient);
  register(fusedKernels.limitedAttention, attention);
  register(gradientOf(fusedKernels.limitedAttention), attentionGradient);
  register(fusedKernels.swiglu, swiglu);
  register(gradientOf(fusedKernels.swiglu), swigluGradient);
  register(fusedKernels.embed, ({ backend, inputs: { weight, ids } }) => gatherRows(backend, weight, ids));
  register(gradientOf(fusedKernels.embed), ({ backend, inputs: { ids, dy }, attrs: { count } }) =>
    scatterRows(backend, dy, ids, count as number),
  );
  register(fusedKernels.tokenLogProbs, tokenLogProbs);
  register(gradientOf(fusedKernels.tokenLogProbs), tokenLogProbsGradient);
  register(adamWKernel, adamW);
  registerGradients();
}

const rmsNorm: EngineKernel = ({ backend, inputs: { x, weight }, attrs: { epsilon } }) => {
  const [rows, size] = x.shape;
  const out = backend.output(x.shape);
  const args = [size, epsilon as number, backend.address(x), backend.address(weight), out.address];
  backend.pool.run('rmsNorm', rows, rowsPerChunk(size), args);
  return out;
};

/** Rows whose shares of the weight's gradient are added up in one go; a constant, so that sums do not depend on threads. */
const gradientRows = 128;

/** x itself and its norm. */
const branchedNorm: EngineKernel = (call) => {
  const { backend, inputs } = call;
  const { x } = inputs;
  backend.incRef(x.dataId);
  return [{ dataId: x.dataId, shape: x.shape, dtype: x.dtype }, rmsNorm(call) as TensorInfo];
};

/** `stream`, where given, is a gradient that reaches x by another way: it is added. */
const rmsNormGradient: EngineKernel = ({ backend, inputs, attrs: { epsilon } }) => {
  const { x, weight, dy } = inputs;
  const stream = inputs.stream as TensorInfo | undefined;
  const [rows, size] = x.shape;
  const [dx, dWeight] = [backend.output(x.shape), backend.output(weight.shape)];
  const blocks = Math.ceil(rows / gradientRows);
  const partial = backend.shared.heap.allocate(blocks * size * 4);
  const addresses = [x, weight, dy].map((tensor) => backend.address(tensor));
  const plus = stream ? backend.address(stream) : 0;
  const args = [rows, gradientRows, size, epsilon as number, ...addresses, plus, dx.address, partial];
  backend.pool.run('rmsNormGradient', blocks, 1, args);
  backend.pool.run('sumColumns', size, size, [blocks, size, 1, partial, dWeight.address]);
  backend.shared.heap.free(partial);
  return [dx, dWeight];
};

const rotary: EngineKernel = ({ backend, inputs: { x, positions }, attrs }) => {
  const [rows, heads, size] = x.shape;
  const out = backend.output(x.shape);
  const { least, greatest } = rangeOf(backend, positions);
  if (least < 0) throw new RangeError(`a position is ${least}, but must not be negative`);
  const tables = rotaryTables(backend, attrs as unknown as Rotation, greatest);
  const args = [
    heads,
    size / 2,
    attrs.sign as number,
    backend.address(positions),
    tables.cos,
    tables.sin,
    backend.address(x),
    out.address,
  ];
  backend.pool.run('rotary', rows, rowsPerChunk(heads * size), args);
  return out;
};

const attention: EngineKernel = ({ backend, inputs }) => {
  const { q, k, v } = inputs;
  const [batch, time, heads, size] = q.shape;
  const out = backend.output(q.shape);
  const scratch = backend.scratch(backend.pool.kernels.attentionScratch(time, size));
  const addresses = [q, k, v].map((tensor) => backend.address(tensor));
  const args = [...scratch, time, heads, k.shape[2], size, ...limits(backend, inputs), ...addresses, out.address];
  backend.pool.run('attention', batch * heads, 1, args);
  return out;
};

/**
 * Where the first visible positions lie, and the lengths of what all of a row see; zeros where all are visible. A kernel
 * would read wherever a wrong one points.
 */
function limits(backend: EmbeddedBackend, inputs: Readonly<Record<string, TensorInfo | undefined>>): [number, number] {
  const { starts, prefixes } = inputs;
  if (!starts || !prefixes) return [0, 0];
  checkStarts(backend, starts);
  const [, time] = starts.shape;
  const { least, greatest } = rangeOf(backend, prefixes);
  const wrong = [least, greatest].find((prefix) => prefix < 0 || prefix > time);
  if (wrong !== undefined) throw new RangeError(`a row of ${time} positions has no prefix of ${wrong}`);
  return [backend.address(starts), backend.address(prefixes)];
}

const attentionGradient: EngineKernel = ({ backend, inputs }) => {
  const { q, k, v, dy } = inputs;
  const [batch, time, heads, size] = q.shape;
  const [dq, dk, dv] = [q, k, v].map((tensor) => backend.output(tensor.shape));
  const scratch = backend.scratch(backend.pool.kernels.attentionScratch(time, size));
  const addresses = [q, k, v, dy].map((tensor) => backend.address(tensor));
  const outputs = [dq, dk, dv].map((out) => out.address);
  const args = [...scratch, time, heads, k.shape[2], size, ...limits(backend, inputs), ...addresses, ...outputs];
  backend.pool.run('attentionGradient', batch * k.shape[2], 1, args);
  return [dq, dk, dv];
};

const swiglu: EngineKernel = ({ backend, inputs: { gate, up } }) => {
  const out = backend.output(gate.shape);
  runFlat(backend, 'swiglu', out.size, [backend.address(gate), backend.address(up), out.address]);
  return out;
};

const swigluGradient: EngineKernel = ({ backend, inputs: { gate, up, dy } }) => {
  const [dGate, dUp] = [backend.output(gate.shape), backend.output(up.shape)];
  const inputs = [gate, up, dy].map((tensor) => backend.address(tensor));
  runFlat(backend, 'swigluGradient', dGate.size, [...inputs, dGate.address, dUp.address]);
  return [dGate, dUp];
};

const adamW: EngineKernel = ({ backend, inputs: { parameter, gradient, first, second }, attrs }) => {
  const tensors = [parameter, gradient, first, second].map((tensor) => backend.address(tensor));
  const { gradientScale, beta1, beta2, rate, correction, decay, epsilon } = attrs as Readonly<Record<string, number>>;
  const numbers = [gradientScale, beta1, beta2, rate, correction, decay, epsilon];
  runFlat(backend, 'adamw', sizeOf(parameter.shape), [...tensors, ...numbers]);
  return backend.output([0]); // a kernel must have a result
};

/** Runs a gradient kernel and names its results; they are computed at once, since one pass gives them all. */
function gradients(
  kernel: string,
  inputs: tf.NamedTensorMap,
  names: readonly string[],
  attrs: tf.NamedAttrMap,
): Record<string, () => Tensor> {
  const results: unknown = tf.engine().runKernel(gradientOf(kernel), inputs, attrs);
  const tensors = Array.isArray(results) ? (results as Tensor[]) : [results as Tensor];
  return Object.fromEntries(tensors.map((tensor, i) => [names[i], (): Tensor => tensor]));
}

/** Whether a gradient [N, 2] of log-probabilities and entropies has any part of the entropies'. */
function reachesEntropy(dy: Tensor2D): boolean {
  return dy.dataSync<'float32'>().some((value, i) => i % 2 === 1 && value !== 0);
}

function registerGradients(): void {
  tf.registerGradient({
    kernelName: fusedKernels.joined,
    gradFunc: (dy) => ({ a: () => (dy as Tensor).clone(), b: () => (dy as Tensor).clone() }),
  });
  tf.registerGradient({
    kernelName: fusedKernels.branchedNorm,
    inputsToSave: ['x', 'weight'],
    gradFunc: (dys, [x, weight], attrs) => {
      const [stream, dy] = dys as Tensor[];
      return gradients(fusedKernels.rmsNorm, { x, weight, dy, stream }, ['x', 'weight'], attrs);
    },
  });
  for (const [kernel, names] of [
    [fusedKernels.rmsNorm, ['x', 'weight']],
    [fusedKernels.causalAttention, ['q', 'k', 'v']],
    [fusedKernels.limitedAttention, ['q', 'k', 'v', 'starts', 'prefixes']],
    [fusedKernels.swiglu, ['gate', 'up']],
  ] as const) {
    tf.registerGradient({
      kernelName: kernel,
      inputsToSave: [...names],
      gradFunc: (dy, saved, attrs) => {
        const inputs = Object.fromEntries(names.map((name, i) => [name, saved[i]]));
        return gradients(kernel, { ...inputs, dy: dy as Tensor }, names, attrs);
      },
    });
  }
  tf.registerGradient({
    kernelName: fusedKernels.rotary,
    inputsToSave: ['positions'],
    gradFunc: (dy, [positions], attrs) => ({
      x: () => {
        const turned: unknown = tf
          .engine()
          .runKernel(fusedKernels.rotary, { x: dy as Tensor, positions }, { ...attrs, sign: -(attrs.sign as number) });
        return turned as Tensor;
      },
    }),
  });
  tf.registerGradient({
    kernelName: fusedKernels.embed,
    inputsToSave: ['weight', 'ids'],
    gradFunc: (dy, [weight, ids]) =>
      gradients(fusedKernels.embed, { ids, dy: dy as Tensor }, ['weight'], { count: weight.shape[0] }),
  });
  tf.registerGradient({
    kernelName: fusedKernels.tokenLogProbs,
    inputsToSave: ['hidden', 'head', 'targets'],
    outputsToSave: [false, true, true],
    gradFunc: (dys, [hidden, head, targets, statistics, direction], attrs) => {
      const [dy] = dys as Tensor2D[]; // nothing is made of the others
      if ((direction as Tensor | undefined) && !reachesEntropy(dy)) {
        return { hidden: () => tf.mul(direction, tf.div(tf.slice(dy, [0, 0], [-1, 1]), attrs.temperature as number)) };
      }
      const inputs = { hidden, head, targets, statistics, dy };
      return gradients(fusedKernels.tokenLogProbs, inputs, ['hidden', 'head'], attrs);
    },
  });
}
