/**
 * @file Token log-probabilities and entropies from hidden states: logits of some rows at a time, forward and backward.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { type EngineKernel, rowsPerChunk, runFlat } from './engine-kernel.ts';
import { multiply } from './products.ts';
import { checkedIds } from './shapes.ts';
import type { Stored } from './storage.ts';

/** Logits held at a time: 8 MiB stay near the cores, ... */
const heldFloats = 1 << 21;
/** ... but so few rows would repack a large vocabulary's matrix too often. */
const fewestRows = 128;

/** Calls `use` with the logits of rows [first, first + count), at an address that is free again afterwards. */
function forLogits(
  backend: EmbeddedBackend,
  hidden: TensorInfo,
  vocabulary: number,
  matrix: Stored,
  use: (logits: number, first: number, count: number) => void,
): void {
  const [rows, size] = hidden.shape;
  const step = Math.min(rows, Math.max(fewestRows, Math.floor(heldFloats / vocabulary)));
  if (rows === 0) return;
  const logits = backend.shared.heap.allocate(step * vocabulary * 4);
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    multiply(backend, {
      m: count,
      n: vocabulary,
      k: size,
      a: backend.address(hidden) + first * size * 4,
      aStrides: [size, 1],
      b: matrix.address,
      bStrides: [1, size],
      precision: matrix.precision,
      c: logits,
    });
    use(logits, first, count);
  }
  backend.shared.heap.free(logits);
}

export const tokenLogProbs: EngineKernel = ({ backend, inputs: { hidden, head, targets }, attrs }) => {
  const vocabulary = head.shape[0];
  const scale = 1 / (attrs.temperature as number);
  const ids = checkedIds(backend, targets, vocabulary).address;
  const out = backend.output([hidden.shape[0], 2]);
  backend.withStored(head, (matrix) => {
    forLogits(backend, hidden, vocabulary, matrix, (logits, first, count) => {
      const args = [vocabulary, scale, logits, ids + first * 4, out.address + first * 8];
      backend.pool.run('tokenLogProbs', count, rowsPerChunk(vocabulary), args);
    });
  });
  return out;
};

/** The gradients of hidden and, unless it is frozen, head. */
export const tokenLogProbsGradient: EngineKernel = ({ backend, inputs: { hidden, head, targets, dy }, attrs }) => {
  const [rows, size] = hidden.shape;
  const vocabulary = head.shape[0];
  const scale = 1 / (attrs.temperature as number);
  const dHidden = backend.output([rows, size]);
  const dHead = attrs.frozen === true ? undefined : backend.output([vocabulary, size]);
  if (dHead) runFlat(backend, 'fill', dHead.size, [0, dHead.address]);
  const [ids, dys] = [backend.address(targets), backend.address(dy)];
  backend.withStored(head, (matrix) => {
    forLogits(backend, hidden, vocabulary, matrix, (logits, first, count) => {
      const args = [vocabulary, scale, logits, ids + first * 4, dys + first * 8];
      backend.pool.run('tokenLogProbsGradient', count, rowsPerChunk(vocabulary), args);
      const inRows = { aStrides: [vocabulary, 1], bStrides: [size, 1] } as const;
      const { address, precision } = matrix;
      const towardsHidden = { a: logits, b: address, precision, c: dHidden.address + first * size * 4 };
      multiply(backend, { m: count, n: size, k: vocabulary, ...inRows, ...towardsHidden });
      if (!dHead) return;
      const turned = { aStrides: [1, vocabulary], bStrides: [size, 1], adds: true } as const;
      const towardsHead = { a: logits, b: backend.address(hidden) + first * size * 4, c: dHead.address };
      multiply(backend, { m: vocabulary, n: size, k: count, ...turned, ...towardsHead });
    });
  });
  return dHead ? [dHidden, dHead] : dHidden;
};
