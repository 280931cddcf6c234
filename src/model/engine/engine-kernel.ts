/**
 * @file What the kernels' wrappers share: registering one over TensorFlow.js's own, cutting ranges into chunks, and where
 * the axes of a strided walk are put for the threads to read.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Walk } from './axes.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { queueLength } from './handoff.ts';

export const backendName = 'embedded';

export interface KernelCall {
  readonly backend: EmbeddedBackend;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
}

/** A kernel of ours: its result, or undefined to leave the case (another type, an unusual axis) to TensorFlow.js's own. */
export type EngineKernel = (call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

/** Registers a kernel for the embedded backend, in front of the one that was there. */
export function register(kernelName: string, kernel: EngineKernel): void {
  // Declared as always present.
  const other = tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined;
  if (other) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const call = { backend, inputs, attrs: attrs ?? {} };
      const result = kernel(call as KernelCall) ?? other?.kernelFunc(call);
      if (!result) throw new Error(`${kernelName} of the embedded engine does not take these inputs`);
      return result;
    },
  });
}

export function isFloat(...tensors: readonly TensorInfo[]): boolean {
  return tensors.every((tensor) => tensor.dtype === 'float32');
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Elements that one chunk should have at least: below, handing off costs more than it saves. */
const chunkElements = 1 << 14;

/** How many rows of this many elements make a chunk. */
export function rowsPerChunk(elementsPerRow: number, elements = chunkElements): number {
  return Math.max(1, Math.ceil(elements / Math.max(1, elementsPerRow)));
}

/** Runs a flat kernel, whose range counts vectors of four. */
export function runFlat(backend: EmbeddedBackend, kernel: string, size: number, args: readonly number[]): void {
  backend.pool.run(kernel, Math.ceil(size / 4), chunkElements / 4, args);
}

/** Rooms for the axes of a walk, one for each job that may wait. */
const axesPlaces = new WeakMap<EmbeddedBackend, AxesPlaces>();
const mostAxes = 16;

interface AxesPlaces {
  readonly address: number;
  readonly words: Int32Array;
}

/** Runs a kernel that takes (rank, axes, run, strides of both arrays, ...args) over a walk. */
export function runWalk(backend: EmbeddedBackend, kernel: string, walk: Walk, args: readonly number[]): void {
  const rank = walk.outer.length / 3;
  if (rank > mostAxes) throw new Error(`a tensor of ${rank} separate axes is beyond the embedded engine`);
  const place = rank === 0 ? 0 : placeOf(backend, walk.outer);
  const isOneRun = rank === 0;
  const total = isOneRun ? walk.run : walk.runs;
  const grain = isOneRun ? chunkElements : rowsPerChunk(walk.run);
  backend.pool.run(kernel, total, grain, [rank, place, walk.run, ...walk.strides, ...args]);
}

/** The address of these axes, for the next job. */
function placeOf(backend: EmbeddedBackend, axes: readonly number[]): number {
  const { pool, shared } = backend;
  let places = axesPlaces.get(backend);
  if (!places) {
    const words = queueLength * mostAxes * 3;
    const address = shared.heap.allocate(words * 4);
    axesPlaces.set(backend, (places = { address, words: shared.ints(address, words) }));
  }
  const first = pool.place() * mostAxes * 3;
  places.words.set(axes, first);
  return places.address + first * 4;
}
