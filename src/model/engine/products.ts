/**
 * @file Matrix products on the pool: the right operand is packed once by all threads, then blocks of the result are
 * chunks. With few rows, every thread packs what it multiplies with. Also TensorFlow.js's BatchMatMul.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EmbeddedBackend } from './embedded-backend.ts';
import type { Pool } from './pool.ts';
import { type HalfPrecision, type Placed, precisions, type Stored } from './storage.ts';
import { type EngineKernel, isFloat, register, sizeOf } from './engine-kernel.ts';

/** C [m, n] = A·B (+ C, + bias). An element of A lies at row·aStrides[0] + step·aStrides[1], of B at step·…[0] + column·…[1]. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Address of A. */
  readonly a: number;
  readonly aStrides: readonly [row: number, step: number];
  /** Address of B. */
  readonly b: number;
  readonly bStrides: readonly [step: number, column: number];
  /** If B is a weight in half precision. */
  readonly halves?: Halves;
  /** Address of C. */
  readonly c: number;
  /** How far apart the rows of C are; n by default. */
  readonly cStride?: number;
  /** Adds to what C holds. */
  readonly adds?: boolean;
  /** Address of a bias [n]. */
  readonly bias?: number;
}

/** Strides then are those of whole panels: of their steps, and of rows (kernels/half.ts). */
export interface Halves {
  readonly precision: HalfPrecision;
  /** What the weight's rows are in the right operand: columns towards its outputs, steps towards its inputs. */
  readonly rowsAre: 'columns' | 'steps';
}

/** What of a product is its right operand. */
export type RightOperand = Pick<Product, 'b' | 'bStrides' | 'halves'>;

/** A weight [any, k], or whole panels of one, as the right operand. */
export function weightOperand(
  { pool }: EmbeddedBackend,
  { address, precision }: Stored,
  k: number,
  rowsAre: Halves['rowsAre'],
): RightOperand {
  const isFloat = precision === 'float32';
  const along = isFloat ? 1 : pool.kernels.padded(1);
  const bStrides = rowsAre === 'columns' ? ([along, k] as const) : ([k, along] as const);
  return { b: address, bStrides, ...(!isFloat && { halves: { precision, rowsAre } }) };
}

/** A product with a weight: its other operand has adjacent steps. */
export type WeightProduct = Pick<Product, 'm' | 'a' | 'c' | 'cStride' | 'adds' | 'bias'>;

/** Rows of C in a chunk: what a thread takes of A at a time (MC of kernels/gemm.ts). */
const chunkRows = 144;
/** Columns of C in a chunk whose thread packs B itself, at most: what it packs stays in L2. */
const mostColumns = 512;
/** Floats of B packed at a time: 8 MiB, of which much is still near when it is read. */
const packedFloats = 1 << 21;
/** Deep products are cut in depth too, so that no fewer columns are packed at a time than this: narrow strips read B badly. */
const fewestColumns = 512;
/** Cuts in depth are multiples of this: whole panels of halves. */
const stepGranule = 64;
/** Steps of a part of a product whose operands lie step by step. */
const partSteps = 512;
/** Multiplications below which one thread alone is faster. */
const soloWork = 1 << 16;
/** Chunks for each thread, so that one that is held up leaves its work to others. */
const chunksPerThread = 8;
/** The same where each chunk reads much before it multiplies. */
const fewChunks = 2;

export function multiply(backend: EmbeddedBackend, product: Product): void {
  multiplyAll(backend, [product]);
}

/** Products with the same right operand, which is repacked once for all of them. */
export function multiplyAll(backend: EmbeddedBackend, products: readonly Product[]): void {
  const [{ n, k }] = products;
  const others = products.filter(({ m }) => m > 0);
  if (others.length === 0 || n === 0) return;
  if (k === 0) throw new Error('a product over an empty inner dimension is not defined here');
  if (others.every(isDeep)) {
    for (const product of others) multiplyDeep(backend, product);
    return;
  }
  if (others.length === 1 && isSmall(others[0])) {
    multiplySmall(backend, others[0]);
    return;
  }
  const panel = backend.pool.kernels.padded(1);
  const columns = evenly(n, Math.max(fewestColumns, packedFloats / k), panel);
  const steps = evenly(k, packedFloats / columns, stepGranule);
  for (let first = 0; first < n; first += columns) {
    for (let step = 0; step < k; step += steps) {
      const parts = others.map((product) => stepsOf(product, step, Math.min(steps, k - step)));
      multiplyColumns(backend, parts, first, Math.min(columns, n - first));
    }
  }
}

/** How many to take at a time of `total`: as few times as `most` allows, each alike, and multiples of `granule`. */
function evenly(total: number, most: number, granule: number): number {
  return Math.ceil(total / Math.ceil(total / most) / granule) * granule;
}

/** The product over steps [first, first + count) alone, added to what those before came to: the same sums in the same order. */
function stepsOf(product: Product, first: number, count: number): Product {
  if (count === product.k) return product;
  const { a, aStrides, b, bStrides, halves } = product;
  return {
    ...product,
    k: count,
    a: a + first * aStrides[1] * 4,
    b: b + first * bStrides[0] * (halves ? 2 : 4),
    ...(first > 0 && { adds: true, bias: undefined }),
  };
}

/** C [m, n] = A·Wᵀ with a weight [n, k] as it is stored. */
export function multiplyByWeight(backend: EmbeddedBackend, weight: TensorInfo, product: WeightProduct): void {
  const [n, k] = weight.shape;
  const placed = backend.placed(weight);
  if (placed.precision !== 'float32' && product.m <= chunkRows && k > 0) {
    if (product.m * n > 0) multiplyByHalves(backend, n, k, placed, product);
    return;
  }
  // an inner dimension of nothing is refused there
  backend.withStored(weight, (stored) => {
    multiply(backend, { ...product, n, k, aStrides: [k, 1], ...weightOperand(backend, stored, k, 'columns') });
  });
}

/** The same for few rows and a weight in halves, near or far: a thread widens each part of it as it multiplies with it. */
// prettier-ignore
function multiplyByHalves(backend: EmbeddedBackend, n: number, k: number, weight: Placed, product: WeightProduct): void {
  const { m, a, c, cStride = n, adds, bias = 0 } = product;
  const { pool } = backend;
  const panel = pool.kernels.padded(1);
  const panels = Math.ceil(n / panel);
  const grain = Math.max(1, Math.ceil(soloWork / (m * k * panel)), Math.ceil(panels / chunksPerThread / pool.sharing));
  pool.run('gemmStored', panels, grain, [...backend.scratch(pool.kernels.storedScratch(k)), m, n, k, a, k, weight.address,
    precisions[weight.precision], weight.isFar ? 1 : 0, c, cStride, adds ? 1 : 0, bias]);
}

/** Whether both operands lie step by step, as for a weight's gradient, and have much more values than the sums of their parts. */
function isDeep({ m, n, k, aStrides, bStrides, halves, bias, adds, cStride = n }: Product): boolean {
  const liesBySteps = aStrides[0] === 1 && aStrides[1] > 1 && bStrides[1] === 1 && !halves;
  return liesBySteps && !bias && !adds && cStride === n && k >= 2 * partSteps && m * n <= (m + n) * (partSteps / 4);
}

/** Each part of the steps is multiplied by itself, and the sums added up: so what is read is read once, in order. */
function multiplyDeep(backend: EmbeddedBackend, { m, n, k, a, aStrides, b, bStrides, c }: Product): void {
  const { pool, shared } = backend;
  const steps = evenly(k, partSteps, stepGranule);
  const parts = Math.ceil(k / steps);
  const partial = shared.heap.allocate(parts * m * n * 4);
  const scratch = backend.scratch(pool.kernels.multiplyScratch(n, k));
  // prettier-ignore
  pool.run('gemmBatch', parts, 1, [...scratch, m, n, steps, k, a, steps * aStrides[1], ...aStrides,
    b, steps * bStrides[0], ...bStrides, partial]);
  pool.run('sumColumns', m * n, 1 << 12, [parts, m * n, 1, partial, c]);
  shared.heap.free(partial);
}

/** Whether packing all of B first would take too long: with few rows each part of it is used little. */
function isSmall({ m, n, k, halves }: Product): boolean {
  return !halves && (m <= chunkRows || m * n * k <= soloWork);
}

/** Each thread packs what of B it multiplies with. */
function multiplySmall(backend: EmbeddedBackend, product: Product): void {
  const { m, n, k, a, aStrides, b, bStrides, c, cStride = n, adds, bias = 0 } = product;
  const { pool } = backend;
  const columns = columnsOfSmall(pool, product);
  const scratch = backend.scratch(pool.kernels.multiplyScratch(columns, k));
  // prettier-ignore
  pool.run('gemmFewRows', Math.ceil(n / columns), 1, [...scratch, m, n, k, columns, a, ...aStrides, b, ...bStrides,
    c, cStride, adds ? 1 : 0, bias]);
}

/** Columns in a chunk; where wide rows of B come from afar a thread has one, since narrow strips of them are read badly. */
function columnsOfSmall({ kernels, sharing }: Pool, { m, n, k, bStrides }: Product): number {
  if (m * n * k <= soloWork) return n;
  const isFromAfar = k * n > packedFloats && bStrides[1] === 1;
  const panel = kernels.padded(1);
  return Math.min(mostColumns, Math.ceil(n / (isFromAfar ? 1 : fewChunks) / sharing / panel) * panel);
}

/** Columns [first, first + count) of each C. */
function multiplyColumns(backend: EmbeddedBackend, products: readonly Product[], first: number, count: number): void {
  const { pool, panels } = backend;
  const [product] = products;
  const { k, bStrides, halves } = product;
  const total = pool.kernels.padded(count);
  const right = { b: product.b + first * bStrides[1] * (halves ? 2 : 4), bStrides, halves };
  const pack = (packed: number): void => {
    packRight(backend, k, count, right, packed);
  };
  panels.with(right.b, [k, count, right.b, ...bStrides], k * total * 4, pack, (packed) => {
    const scratch = backend.scratch(pool.kernels.packedScratch());
    for (const { m, n, a, aStrides, c, cStride = n, adds, bias } of products) {
      const grid = cut(pool, m, count);
      // prettier-ignore
      pool.run('gemm', grid.chunks, 1, [...scratch, m, count, k, grid.rows, grid.columns, a, ...aStrides, packed,
        c + first * 4, cStride, adds ? 1 : 0, bias === undefined ? 0 : bias + first * 4]);
    }
  });
}

/** Packs a right operand [k, n] for the kernel `gemm`, as panels of float32. */
export function packRight(
  { pool }: EmbeddedBackend,
  k: number,
  n: number,
  { b, bStrides, halves }: RightOperand,
  packed: number,
): void {
  const panel = pool.kernels.padded(1);
  const grain = Math.max(1, Math.ceil((1 << 14) / k / panel));
  const layout = [k, n, b, ...bStrides];
  const run = (kernel: string, ...precision: readonly number[]): void => {
    pool.run(kernel, Math.ceil(n / panel), grain, [...layout, ...precision, packed]);
  };
  if (!halves) run('packPanels');
  else run(halves.rowsAre === 'columns' ? 'widenPanels' : 'turnPanels', precisions[halves.precision]);
}

/**
 * Blocks of the result. What is read of A is read again for each block of columns, so these are few; blocks of rows are as many for
 * each thread. The result's bits do not depend on the cut.
 */
function cut({ kernels, sharing }: Pool, m: number, n: number): { rows: number; columns: number; chunks: number } {
  const [tile, panel] = [kernels.paddedRows(1), kernels.padded(1)];
  const fewest = Math.ceil(m / chunkRows);
  const rowBlocks = fewest < sharing ? fewest : Math.ceil(fewest / sharing) * sharing;
  const rows = Math.ceil(m / rowBlocks / tile) * tile;
  const columnBlocks = Math.min(Math.ceil((fewChunks * sharing) / rowBlocks), Math.ceil(n / (2 * panel)));
  const columns = Math.ceil(n / columnBlocks / panel) * panel;
  return { rows, columns, chunks: Math.ceil(m / rows) * Math.ceil(n / columns) };
}

const batchMatMul: EngineKernel = ({ backend, inputs: { a, b }, attrs: { transposeA, transposeB } }) => {
  if (!isFloat(a, b)) return undefined;
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [depth, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  const [aCount, bCount] = [sizeOf(aBatch), sizeOf(bBatch)];
  // Batches that repeat along some axes only are left to TensorFlow.js.
  if (k !== depth || k === 0 || (aCount !== bCount && aCount !== 1 && bCount !== 1)) return undefined;
  const batch = backend_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const out = backend.output([...batch, m, n]);
  const aStrides: [number, number] = transposeA ? [1, aColumns] : [aColumns, 1];
  const bStrides: [number, number] = transposeB ? [1, bColumns] : [bColumns, 1];
  const aAt = backend.address(a);
  const count = Math.max(aCount, bCount);
  if (count === 1) {
    backend.withStored(b, (stored) => {
      const right = weightOperand(backend, stored, bColumns, transposeB ? 'columns' : 'steps');
      multiply(backend, { m, n, k, a: aAt, aStrides, ...right, c: out.address });
    });
  } else if (out.size > 0) {
    const { pool } = backend;
    const scratch = backend.scratch(pool.kernels.multiplyScratch(n, k));
    const grain = Math.max(1, Math.floor(soloWork / (m * n * k)));
    const bAt = backend.address(b);
    // prettier-ignore
    pool.run('gemmBatch', count, grain, [...scratch, m, n, k, count * k, aAt, aCount > 1 ? m * k : 0, ...aStrides,
      bAt, bCount > 1 ? k * n : 0, ...bStrides, out.address]);
  }
  return out;
};

export function registerProducts(): void {
  register('BatchMatMul', batchMatMul);
}
