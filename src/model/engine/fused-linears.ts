/**
 * @file Linear layers of the same rows, with what adapters change of them, as one operation (`linears` in ops.ts): their gradients
 * repack and add up once what they have in common.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, TensorInfo } from '@tensorflow/tfjs-core';
import { fusedKernels, type LinearRole } from '../ops.ts';
import type { EmbeddedBackend, Output } from './embedded-backend.ts';
import { type EngineKernel, register, runFlat } from './engine-kernel.ts';
import { multiply, multiplyAll, multiplyByWeight, weightOperand } from './products.ts';

const sumOfProducts = `${fusedKernels.linears}GradientInput`;
const productsTowardsWeights = `${fusedKernels.linears}GradientWeights`;

/** Where a part's tensors stand among the inputs, of which x is the first. */
type Part = Readonly<{ weight: number } & Partial<Record<LinearRole, number>>>;

function partsOf(attrs: tf.NamedAttrMap): Part[] {
  const parts: Part[] = [];
  for (const [i, role] of (attrs.roles as LinearRole[]).entries()) {
    if (role === 'weight') parts.push({ weight: i + 1 });
    else parts.push({ ...parts.pop()!, [role]: i + 1 });
  }
  return parts;
}

/** What comes between an adapter's two matrices, for all parts [Σ N·r], then the results. */
const linears: EngineKernel = ({ backend, inputs, attrs }) => {
  const all = Object.values(inputs);
  const [x] = all;
  const [m] = x.shape;
  const parts = partsOf(attrs);
  const outs = parts.map(({ weight, bias }) => product(backend, x, all[weight], bias === undefined ? bias : all[bias]));
  const low = backend.output([parts.reduce((sum, { a }) => sum + (a === undefined ? 0 : m * all[a].shape[0]), 0)]);
  let at = low.address;
  for (const [i, { a, b, input = 0 }] of parts.entries()) {
    if (a === undefined || b === undefined) continue;
    multiplyByWeight(backend, all[a], { m, a: backend.address(all[input]), c: at });
    multiplyByWeight(backend, all[b], { m, a: at, c: outs[i].address, adds: true });
    at += m * all[a].shape[0] * 4;
  }
  return [low, ...outs];
};

function product(backend: EmbeddedBackend, x: TensorInfo, weight: TensorInfo, bias?: TensorInfo): Output {
  const [m, k] = x.shape;
  const n = weight.shape[0];
  tf.util.assert(
    weight.shape[1] === k,
    () => `linear: ${String(x.shape)} does not fit a weight ${String(weight.shape)}`,
  );
  const out = backend.output([m, n]);
  multiplyByWeight(backend, weight, { m, a: backend.address(x), c: out.address, bias: bias && backend.address(bias) });
  return out;
}

/** Left operands [N, k], then as many right ones [k, D]: [N, D], added up in place. */
const sumKernel: EngineKernel = ({ backend, inputs }) => {
  const tensors = Object.values(inputs);
  const count = tensors.length / 2;
  const [m] = tensors[0].shape;
  const [, n] = tensors[count].shape;
  const out = backend.output([m, n]);
  for (const [i, right] of tensors.slice(count).entries()) {
    const [k] = right.shape;
    backend.withStored(right, (stored) => {
      const left = { a: backend.address(tensors[i]), aStrides: [k, 1] } as const;
      multiply(backend, {
        m,
        n,
        k,
        ...left,
        ...weightOperand(backend, stored, n, 'steps'),
        c: out.address,
        adds: i > 0,
      });
    });
  }
  return out;
};

/** x, then what the results' gradients are. x is repacked once. */
const weightsKernel: EngineKernel = ({ backend, inputs }) => {
  const [x, ...dys] = Object.values(inputs);
  const [k, n] = x.shape;
  const outs = dys.map((dy) => backend.output([dy.shape[1], n]));
  const b = backend.address(x);
  if (k === 0) for (const out of outs) runFlat(backend, 'fill', out.size, [0, out.address]);
  const products = dys.map((dy, i) => {
    const [, m] = dy.shape;
    return { m, n, k, a: backend.address(dy), aStrides: [1, m], b, bStrides: [n, 1], c: outs[i].address } as const;
  });
  if (k > 0) multiplyAll(backend, products);
  return outs;
};

/** The results of a kernel whose inputs are named by their numbers. */
function runOnAll(kernel: string, inputs: readonly Tensor[]): Tensor[] {
  return [tf.engine().runKernel<Tensor | Tensor[]>(kernel, inputs as unknown as tf.NamedTensorMap)].flat();
}

function gradients(dys: Tensor2D[], saved: Tensor2D[], attrs: tf.NamedAttrMap): Record<number, () => Tensor> {
  const [x] = saved;
  const low = saved.at(-1)!;
  const parts = partsOf(attrs);
  const dWeights = attrs.frozen === true ? [] : runOnAll(productsTowardsWeights, [x, ...dys]);
  const results: Record<number, () => Tensor> = {};
  const [lefts, rights] = [[...dys], parts.map(({ weight }) => saved[weight])];
  let offset = 0;
  for (const [i, { weight, bias, a, b, input }] of parts.entries()) {
    const dy = dys[i];
    results[weight] = () => dWeights[i];
    if (bias !== undefined) results[bias] = () => tf.sum(dy, 0);
    if (a === undefined || b === undefined) continue;
    const dLow = tf.matMul<Tensor2D>(dy, saved[b]);
    const first = offset;
    offset += dLow.size;
    results[a] = () => tf.matMul(dLow, saved[input ?? 0], true);
    results[b] = () => tf.matMul(dy, tf.reshape<tf.Rank.R2>(tf.slice(low, first, dLow.size), dLow.shape), true);
    if (input === undefined) {
      lefts.push(dLow);
      rights.push(saved[a]);
    } else results[input] = () => tf.matMul(dLow, saved[a]);
  }
  results[0] = () => runOnAll(sumOfProducts, [...lefts, ...rights])[0];
  return results;
}

/** Registers kernels for the embedded backend. */
export function registerLinears(): void {
  register(fusedKernels.linears, linears);
  register(sumOfProducts, sumKernel);
  register(productsTowardsWeights, weightsKernel);
  tf.registerGradient({
    kernelName: fusedKernels.linears,
    saveAllInputs: true,
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => {
      const [, ...dys] = dy as Tensor2D[]; // nothing else is made of what comes between
      return gradients(dys, saved as Tensor2D[], attrs);
    },
  });
}
