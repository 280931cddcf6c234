/**
 * @file Sums, means and maxima along trailing axes, sums and means along leading ones. Other axes are left to TensorFlow.js.
 */
import { util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EmbeddedBackend, Output } from './embedded-backend.ts';
import { type EngineKernel, isFloat, register, rowsPerChunk, sizeOf } from './engine-kernel.ts';

export function registerReductions(): void {
  register(
    'Sum',
    total(() => 1),
  );
  register(
    'Mean',
    total((count) => 1 / count),
  );
  register('Max', maximum);
}

/** Elements of one partial sum; the same number as BLOCK in kernels/reduce.ts. */
const blockElements = 4096;

function total(scaleFor: (count: number) => number): EngineKernel {
  return ({ backend, inputs: { x }, attrs }) => {
    if (!isFloat(x) || sizeOf(x.shape) === 0) return undefined;
    const axes = util.parseAxisParam(attrs.axis as number | number[], x.shape);
    const kind = kindOf(axes, x.shape.length);
    if (!kind) return undefined;
    const out = backend.output(remaining(x.shape, axes, attrs.keepDims === true));
    const count = sizeOf(x.shape) / out.size;
    const scale = scaleFor(count);
    if (kind === 'leading') sumColumns(backend, x, out, count, scale);
    else if (out.size === 1 && count > blockElements) sumAll(backend, x, out, count, scale);
    else {
      backend.pool.run('sumRows', out.size, rowsPerChunk(count), [count, scale, backend.address(x), out.address]);
    }
    return out;
  };
}

function sumColumns(backend: EmbeddedBackend, x: TensorInfo, out: Output, rows: number, scale: number): void {
  const grain = Math.max(16, Math.ceil(rowsPerChunk(rows) / 16) * 16);
  backend.pool.run('sumColumns', out.size, grain, [rows, out.size, scale, backend.address(x), out.address]);
}

/** One number out of many: partial sums of fixed blocks, then those in order. */
function sumAll(backend: EmbeddedBackend, x: TensorInfo, out: Output, count: number, scale: number): void {
  const blocks = Math.ceil(count / blockElements);
  const partial = backend.shared.heap.allocate(blocks * 8);
  backend.pool.run('sumBlocks', blocks, 4, [count, backend.address(x), partial]);
  const sum = backend.shared.doubles(partial, blocks).reduce((a, b) => a + b, 0);
  backend.shared.floats(out.address, 1)[0] = sum * scale;
  backend.shared.heap.free(partial);
}

const maximum: EngineKernel = ({ backend, inputs: { x }, attrs }) => {
  if (!isFloat(x) || sizeOf(x.shape) === 0) return undefined;
  const axes = util.parseAxisParam(attrs.reductionIndices as number | number[], x.shape);
  if (kindOf(axes, x.shape.length) !== 'trailing') return undefined;
  const out = backend.output(remaining(x.shape, axes, attrs.keepDims === true));
  const count = sizeOf(x.shape) / out.size;
  backend.pool.run('maxRows', out.size, rowsPerChunk(count), [count, backend.address(x), out.address]);
  return out;
};

function kindOf(axes: readonly number[], rank: number): 'leading' | 'trailing' | undefined {
  const sorted = [...axes].sort((a, b) => a - b);
  if (sorted.every((axis, i) => axis === rank - sorted.length + i)) return 'trailing';
  return sorted.every((axis, i) => axis === i) ? 'leading' : undefined;
}

function remaining(shape: readonly number[], axes: readonly number[], keepsRank: boolean): number[] {
  if (keepsRank) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}
