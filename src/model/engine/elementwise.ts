/**
 * @file Functions of one or two arrays, softmax, and filling.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import { fusedKernels } from '../ops.ts';
import { broadcastStrides, walk } from './axes.ts';
import { type EngineKernel, isFloat, register, rowsPerChunk, runFlat, runWalk, sizeOf } from './engine-kernel.ts';

/** TensorFlow.js's name of a function of one array → ours. */
const unaryKernels = {
  Neg: 'neg',
  Exp: 'exp',
  Log: 'log',
  Sqrt: 'sqrt',
  Rsqrt: 'rsqrt',
  Square: 'square',
  Sigmoid: 'sigmoid',
} as const;

const binaryKernels = {
  Add: 'add',
  Sub: 'sub',
  Multiply: 'mul',
  RealDiv: 'div',
  Maximum: 'maximum',
  Minimum: 'minimum',
} as const;

export function registerElementwise(): void {
  for (const [name, kernel] of Object.entries(unaryKernels)) register(name, unary(kernel));
  for (const [name, kernel] of Object.entries(binaryKernels)) register(name, binary(kernel));
  register(fusedKernels.joined, binary('add'));
  register('Softmax', rowFunction('softmax', 'logits', 'dim'));
  register('LogSoftmax', rowFunction('logSoftmax', 'logits', 'axis'));
  register('ZerosLike', ({ backend, inputs: { x } }) => {
    if (!isFloat(x)) return undefined;
    const out = backend.output(x.shape);
    runFlat(backend, 'fill', out.size, [0, out.address]);
    return out;
  });
  register('Fill', ({ backend, attrs: { shape, value, dtype } }) => {
    if (dtype !== 'float32' || typeof value !== 'number') return undefined;
    const out = backend.output(shape as number[]);
    runFlat(backend, 'fill', out.size, [value, out.address]);
    return out;
  });
}

function unary(kernel: string): EngineKernel {
  return ({ backend, inputs: { x } }) => {
    if (!isFloat(x)) return undefined;
    const out = backend.output(x.shape);
    runFlat(backend, kernel, out.size, [backend.address(x), out.address]);
    return out;
  };
}

function binary(kernel: string): EngineKernel {
  return ({ backend, inputs: { a, b } }) => {
    if (!isFloat(a, b)) return undefined;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = backend.output(shape);
    if (out.size === 0) return out;
    const steps = walk(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape));
    runWalk(backend, kernel, steps, [backend.address(a), backend.address(b), out.address]);
    return out;
  };
}

/** A function of whole rows, where it is asked for along the last axis. */
function rowFunction(kernel: string, input: string, axisName: string): EngineKernel {
  return ({ backend, inputs, attrs }) => {
    const x = inputs[input];
    const axis = attrs[axisName] as number | undefined;
    const size = x.shape.at(-1) ?? 0;
    if (!isFloat(x) || size === 0 || (axis !== undefined && axis !== -1 && axis !== x.shape.length - 1))
      return undefined;
    const out = backend.output(x.shape);
    backend.pool.run(kernel, sizeOf(x.shape) / size, rowsPerChunk(size, 2048), [size, backend.address(x), out.address]);
    return out;
  };
}
