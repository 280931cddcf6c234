/**
 * @file Token log-probabilities and entropies from hidden states: logits of a part of the vocabulary at a time, for all
 * rows, so that each part of the head is repacked once.
 *
 * A frozen head's rows are averaged by their probabilities on the way, as attention averages values (Milakov and Gimelshein's
 * running softmax, arXiv 1805.02867): that mean is all that the gradient of a log-probability needs. Gradients of an entropy or
 * of the head compute the logits again.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { type EngineKernel, rowsPerChunk, runFlat } from './engine-kernel.ts';
import { logitColumns } from './logit-columns.ts';
import { multiply, weightOperand } from './products.ts';
import type { Stored } from './storage.ts';
import { checkedIds, gatherRows } from './shapes.ts';

/** Words of a row's statistics (kernels/token-log-probs.ts). */
const STATISTICS = 4;
/** What each thread needs there while it adds up. */
const UNREAD_BYTES = 32;

/** A part of the vocabulary. */
interface Part {
  /** Address of logits [N, count]. */
  readonly logits: number;
  readonly start: number;
  readonly count: number;
  /** The part's rows of the head. */
  readonly head: Stored;
}

/** Calls `use` with the logits of one part after the other, at an address that is free again afterwards. */
function forLogits(backend: EmbeddedBackend, hidden: TensorInfo, head: TensorInfo, use: (part: Part) => void): void {
  const [rows, size] = hidden.shape;
  const [vocabulary] = head.shape;
  if (rows === 0) return;
  const columns = logitColumns(rows, vocabulary);
  const logits = backend.shared.heap.allocate(rows * columns * 4);
  backend.withStored(head, ({ address, precision }) => {
    for (let start = 0; start < vocabulary; start += columns) {
      const count = Math.min(columns, vocabulary - start);
      const part = { address: address + start * size * (precision === 'float32' ? 4 : 2), precision };
      const left = { a: backend.address(hidden), aStrides: [size, 1] } as const;
      const right = weightOperand(backend, part, size, 'columns');
      multiply(backend, { m: rows, n: count, k: size, ...left, ...right, c: logits });
      use({ logits, start, count, head: part });
    }
  });
  backend.shared.heap.free(logits);
}

/**
 * [N, 2], the statistics of each row [N, 4], which the gradient reads, and with `directed` where the hidden states must go for a
 * greater log-probability at temperature 1: [N, D] of the target's row of the head less the mean of all.
 */
export const tokenLogProbs: EngineKernel = ({ backend, inputs: { hidden, head, targets }, attrs }) => {
  const { pool, shared } = backend;
  const [rows, size] = hidden.shape;
  const scale = 1 / (attrs.temperature as number);
  const ids = checkedIds(backend, targets, head.shape[0]).address;
  const [out, statistics] = [backend.output([rows, 2]), backend.output([rows, STATISTICS])];
  const sums = attrs.directed === true ? shared.heap.allocate(rows * size * 4) : 0;
  forLogits(backend, hidden, head, ({ logits, start, count, head: part }) => {
    const place = [count, start, scale, logits, ids, statistics.address];
    pool.run('addLogits', rows, rowsPerChunk(count), [...backend.scratch(UNREAD_BYTES), ...place, size, sums]);
    if (!sums) return;
    const right = weightOperand(backend, part, size, 'steps');
    const left = { a: logits, aStrides: [count, 1] } as const;
    multiply(backend, { m: rows, n: size, k: count, ...left, ...right, c: sums, adds: start > 0 });
  });
  pool.run('tokenLogProbs', rows, rowsPerChunk(STATISTICS), [scale, statistics.address, out.address]);
  if (!sums) return [out, statistics];
  const direction = gatherRows(backend, head, targets);
  const args = [size, statistics.address, sums, backend.address(direction)];
  pool.run('subtractMean', rows, rowsPerChunk(size), args);
  shared.heap.free(sums);
  return [out, statistics, direction];
};

/** The gradients of hidden and, unless it is frozen, head. */
export const tokenLogProbsGradient: EngineKernel = ({ backend, inputs, attrs }) => {
  const { hidden, head, targets, statistics, dy } = inputs;
  const [rows, size] = hidden.shape;
  const scale = 1 / (attrs.temperature as number);
  const dHidden = backend.output([rows, size]);
  const dHead = attrs.frozen === true ? undefined : backend.output(head.shape);
  if (dHead && rows === 0) runFlat(backend, 'fill', dHead.size, [0, dHead.address]);
  const [hiddenAt, ids, statisticsAt, dys] = [hidden, targets, statistics, dy].map((tensor) => backend.address(tensor));
  forLogits(backend, hidden, head, ({ logits, start, count, head: part }) => {
    const args = [count, start, scale, logits, ids, statisticsAt, dys];
    backend.pool.run('logitsGradient', rows, rowsPerChunk(count), args);
    const right = weightOperand(backend, part, size, 'steps');
    const towardsHidden = { aStrides: [count, 1], ...right, c: dHidden.address, adds: start > 0 } as const;
    multiply(backend, { m: rows, n: size, k: count, a: logits, ...towardsHidden });
    if (!dHead) return;
    const towardsHead = { aStrides: [1, count], b: hiddenAt, c: dHead.address + start * size * 4 } as const;
    multiply(backend, { m: count, n: size, k: rows, a: logits, bStrides: [size, 1], ...towardsHead });
  });
  return dHead ? [dHidden, dHead] : dHidden;
};
