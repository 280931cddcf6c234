/**
 * @file Operations that move values and compute nothing: transposition, slices, concatenation, padding, gathering.
 */
import { backend_util, slice_util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { rowMajor, walk } from './axes.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { type EngineKernel, isFloat, register, rowsPerChunk, runFlat, runWalk, sizeOf } from './engine-kernel.ts';
import { rangeOf } from './indices.ts';
import { precisions } from './storage.ts';

export function registerShapes(): void {
  register('Transpose', transpose);
  register('Slice', slice);
  register('SplitV', split);
  register('Concat', concat);
  register('PadV2', pad);
  register('GatherV2', gather);
  register('UnsortedSegmentSum', segmentSum);
}

/** Copies a box of this shape between two layouts; offsets and strides in elements. */
function copyBox(
  backend: EmbeddedBackend,
  shape: readonly number[],
  from: { address: number; offset: number; strides: readonly number[] },
  to: { address: number; offset: number; strides: readonly number[] },
): void {
  if (sizeOf(shape) === 0) return;
  const addresses = [from, to].map(({ address, offset }) => address + offset * 4);
  runWalk(backend, 'copyStrided', walk(shape, from.strides, to.strides), addresses);
}

const transpose: EngineKernel = ({ backend, inputs: { x }, attrs }) => {
  if (!isFloat(x)) return undefined;
  const perm = attrs.perm as number[];
  const strides = rowMajor(x.shape);
  const out = backend.output(perm.map((axis) => x.shape[axis]));
  const from = { address: backend.address(x), offset: 0, strides: perm.map((axis) => strides[axis]) };
  copyBox(backend, out.shape, from, { address: out.address, offset: 0, strides: rowMajor(out.shape) });
  return out;
};

/** A box of x, from `begin`, as a tensor of its own. */
function cutOut(
  backend: EmbeddedBackend,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): TensorInfo {
  const strides = rowMajor(x.shape);
  const out = backend.output(size);
  const offset = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  const to = { address: out.address, offset: 0, strides: rowMajor(size) };
  copyBox(backend, size, { address: backend.address(x), offset, strides }, to);
  return out;
}

const slice: EngineKernel = ({ backend, inputs: { x }, attrs }) => {
  if (!isFloat(x)) return undefined;
  const [begin, size] = slice_util.parseSliceParams(x, attrs.begin as number[], attrs.size as number[]);
  slice_util.assertParamsValid(x, begin, size);
  return cutOut(backend, x, begin, size);
};

const split: EngineKernel = ({ backend, inputs: { x }, attrs }) => {
  if (!isFloat(x)) return undefined;
  const axis = positive(attrs.axis as number, x.shape.length);
  const sizes = backend_util.prepareSplitSize(x, attrs.numOrSizeSplits as number | number[], axis);
  let start = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    start += size;
    return cutOut(backend, x, begin, x.shape.with(axis, size));
  });
};

const concat: EngineKernel = ({ backend, inputs, attrs }) => {
  const parts = Object.values(inputs);
  if (!isFloat(...parts)) return undefined;
  const axis = positive(attrs.axis as number, parts[0].shape.length);
  const shapes = parts.map((part) => part.shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const out = backend.output(backend_util.computeOutShape(shapes, axis));
  const strides = rowMajor(out.shape);
  let start = 0;
  for (const part of parts) {
    const from = { address: backend.address(part), offset: 0, strides: rowMajor(part.shape) };
    copyBox(backend, part.shape, from, { address: out.address, offset: start * strides[axis], strides });
    start += part.shape[axis];
  }
  return out;
};

const pad: EngineKernel = ({ backend, inputs: { x }, attrs }) => {
  if (!isFloat(x)) return undefined;
  const paddings = attrs.paddings as unknown as [number, number][];
  const out = backend.output(x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]));
  runFlat(backend, 'fill', out.size, [attrs.constantValue as number, out.address]);
  const strides = rowMajor(out.shape);
  const offset = paddings.reduce((sum, [before], axis) => sum + before * strides[axis], 0);
  const from = { address: backend.address(x), offset: 0, strides: rowMajor(x.shape) };
  copyBox(backend, x.shape, from, { address: out.address, offset, strides });
  return out;
};

const gather: EngineKernel = ({ backend, inputs: { x, indices }, attrs }) => {
  const isRows = attrs.axis === 0 && !attrs.batchDims;
  if (!isFloat(x) || !isRows || indices.dtype !== 'int32' || x.shape.length === 0) return undefined;
  return gatherRows(backend, x, indices);
};

/** The rows (entries along the first axis) that the indices name. */
export function gatherRows(backend: EmbeddedBackend, x: TensorInfo, indices: TensorInfo): TensorInfo {
  const ids = checkedIds(backend, indices, x.shape[0]);
  const size = sizeOf(x.shape.slice(1));
  const out = backend.output([...indices.shape, ...x.shape.slice(1)]);
  const run = (kernel: string, ...from: readonly number[]): void => {
    backend.pool.run(kernel, ids.count, rowsPerChunk(size), [size, ids.address, ...from, out.address]);
  };
  backend.withStored(x, ({ address, precision }) => {
    if (precision === 'float32') run('gatherRows', address);
    else run('gatherHalfRows', precisions[precision], address);
  });
  return out;
}

const segmentSum: EngineKernel = ({ backend, inputs: { x, segmentIds }, attrs }) => {
  if (!isFloat(x) || segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1) return undefined;
  return scatterRows(backend, x, segmentIds, attrs.numSegments as number);
};

/** Rows of x [N, ...] added up where their id [N] says: [count, ...]. */
export function scatterRows(backend: EmbeddedBackend, x: TensorInfo, indices: TensorInfo, count: number): TensorInfo {
  const ids = checkedIds(backend, indices, count);
  const size = sizeOf(x.shape.slice(1));
  const out = backend.output([count, ...x.shape.slice(1)]);
  runFlat(backend, 'fill', out.size, [0, out.address]);
  const grain = Math.max(16, Math.ceil(size / 64) * 16); // whole cache lines
  backend.pool.run('scatterRows', size, grain, [ids.count, size, ids.address, backend.address(x), out.address]);
  return out;
}

/** Ids in the shared memory. A kernel would read or write wherever a wrong one points, so all are checked. */
export function checkedIds(
  backend: EmbeddedBackend,
  ids: TensorInfo,
  bound: number,
): { address: number; count: number } {
  const { least, greatest } = rangeOf(backend, ids);
  const wrong = [least, greatest].find((id) => id < 0 || id >= bound);
  if (wrong !== undefined) throw new RangeError(`an index is ${wrong}, but must be from 0 to ${bound - 1}`);
  return { address: backend.address(ids), count: sizeOf(ids.shape) };
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
