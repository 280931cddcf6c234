/**
 * @file All vectors of a corpus where a kernel can multiply them: exact search, no approximation.
 *
 * One WebAssembly memory ends at 4 GiB (a million vectors of 384 float32 take 1.5 GB, of 1,024 4.1 GB), so vectors lie in
 * several shards of at most 1 GiB, each a memory of its own with the kernel's instance over it. The number of documents is
 * then bounded by the machine's memory alone.
 *
 * Layout of a shard: scratch (queries, their scales, scores), the documents' scales, the documents' rows. Every row is padded
 * with zeros to whole SIMD vectors.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { UserError } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';
import type { Best } from '../bm25/score-board.ts';
import { type VectorKind, quantizeQuery } from './quantize.ts';
import { TopK } from './top-k.ts';

export interface VectorShape {
  readonly kind: VectorKind;
  readonly dimensions: number;
  readonly count: number;
}

/** Bytes of rows in one memory. */
const SHARD_BYTES = 2 ** 30;
const PAGE_BYTES = 65_536;
/** The kernel's stack and constants. */
const RESERVED_BYTES = PAGE_BYTES;
/** Queries whose products are computed together; even, as the kernel wants. */
const QUERY_BATCH = 64;
/** Documents whose scores lie in memory at a time. */
const SCORE_BLOCK = 1024;
/** Documents between two turns of the event loop: some tens of milliseconds with a full batch of queries. */
const TURN_DOCUMENTS = 32 * SCORE_BLOCK;

/** Bytes of a row of documents: whole vectors of four float32 or of eight int8. */
export function rowBytes({ kind, dimensions }: Pick<VectorShape, 'kind' | 'dimensions'>): number {
  return kind === 'float32' ? Math.ceil(dimensions / 4) * 16 : Math.ceil(dimensions / 8) * 8;
}

interface Kernels {
  floatProducts(
    documents: number,
    count: number,
    queries: number,
    queryCount: number,
    steps: number,
    out: number,
    outRow: number,
  ): void;
  byteProducts(
    documents: number,
    count: number,
    scales: number,
    queries: number,
    queryCount: number,
    queryScales: number,
    steps: number,
    out: number,
    outRow: number,
  ): void;
}

interface Shard {
  /** Number of its first document. */
  readonly first: number;
  readonly count: number;
  readonly kernels: Kernels;
  readonly buffer: ArrayBuffer;
  readonly at: Layout;
}

/** Byte addresses in a shard. */
interface Layout {
  readonly queries: number;
  readonly queryScales: number;
  readonly scores: number;
  readonly scales: number;
  readonly rows: number;
  readonly end: number;
}

export class VectorMemory {
  readonly shape: VectorShape;
  readonly #shards: readonly Shard[];
  /** SIMD vectors of a row. */
  readonly #steps: number;

  private constructor(shape: VectorShape, shards: readonly Shard[]) {
    this.shape = shape;
    this.#shards = shards;
    this.#steps = rowBytes(shape) / (shape.kind === 'float32' ? 16 : 8);
  }

  /**
   * Room for vectors, all zero.
   *
   * @throws UserError when the machine has not enough memory.
   */
  static async allocate(shape: VectorShape, shardBytes = SHARD_BYTES): Promise<VectorMemory> {
    const module = await WebAssembly.compile(await readFile(join(packageRoot(), 'dist/kernels/dot.wasm')));
    const perShard = Math.max(1, Math.floor(shardBytes / rowBytes(shape)));
    const shards: Shard[] = [];
    for (let first = 0; first < shape.count; first += perShard) {
      shards.push(newShard(module, shape, first, Math.min(perShard, shape.count - first)));
    }
    return new VectorMemory(shape, shards);
  }

  /** The bytes of all rows in order, piece by piece, to be filled. */
  rows(): Uint8Array[] {
    const row = rowBytes(this.shape);
    return this.#shards.map(({ buffer, at, count }) => new Uint8Array(buffer, at.rows, count * row));
  }

  /** The same for the scales of int8 vectors, four bytes each. */
  scales(): Uint8Array[] {
    return this.#shards.map(({ buffer, at, count }) => new Uint8Array(buffer, at.scales, count * 4));
  }

  /**
   * The documents with the largest inner products for each query, best first; equal products in the order of the documents.
   * Lets the event loop turn now and then.
   */
  async search(queries: readonly Float32Array[], limit: number, signal?: AbortSignal): Promise<Best[]> {
    const results: Best[] = [];
    for (let first = 0; first < queries.length; first += QUERY_BATCH) {
      const batch = queries.slice(first, first + QUERY_BATCH);
      const best = batch.map(() => new TopK(Math.min(limit, this.shape.count)));
      for (const shard of this.#shards) {
        for (let from = 0; from < shard.count; from += TURN_DOCUMENTS) {
          await turn();
          signal?.throwIfAborted();
          this.#scan(shard, from, Math.min(from + TURN_DOCUMENTS, shard.count), batch, best);
        }
      }
      results.push(...best.map((top) => top.take()));
    }
    return results;
  }

  /** Documents [from, end) of a shard, in one go: what lies in the scratch outlives no turn of the event loop. */
  #scan(shard: Shard, from: number, end: number, queries: readonly Float32Array[], best: readonly TopK[]): void {
    this.#placeQueries(shard, queries);
    for (let block = from; block < end; block += SCORE_BLOCK) {
      const count = Math.min(SCORE_BLOCK, end - block);
      this.#multiply(shard, block, count, queries.length);
      best.forEach((top, query) => {
        const scores = new Float32Array(shard.buffer, shard.at.scores + query * SCORE_BLOCK * 4, count);
        top.offer(scores, shard.first + block);
      });
    }
  }

  #placeQueries({ buffer, at }: Shard, queries: readonly Float32Array[]): void {
    const scales = new Float32Array(buffer, at.queryScales, QUERY_BATCH);
    queries.forEach((query, i) => {
      const place = at.queries + i * this.#steps * 16;
      if (this.shape.kind === 'float32') new Float32Array(buffer, place, query.length).set(query);
      else scales[i] = quantizeQuery(query, new Int16Array(buffer, place, query.length));
    });
  }

  /** Scores of `count` documents of a shard. What an odd number of queries leaves in the last row is not read. */
  #multiply({ kernels, at }: Shard, from: number, count: number, queryCount: number): void {
    const even = queryCount + (queryCount % 2);
    const rows = at.rows + from * rowBytes(this.shape);
    const scoreRow = SCORE_BLOCK * 4;
    if (this.shape.kind === 'float32') {
      kernels.floatProducts(rows, count, at.queries, even, this.#steps, at.scores, scoreRow);
    } else {
      const scales = at.scales + from * 4;
      kernels.byteProducts(rows, count, scales, at.queries, even, at.queryScales, this.#steps, at.scores, scoreRow);
    }
  }
}

function newShard(module: WebAssembly.Module, shape: VectorShape, first: number, count: number): Shard {
  const at = layoutOf(shape, count);
  const pages = Math.ceil(at.end / PAGE_BYTES);
  let memory: WebAssembly.Memory<ArrayBuffer>;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const gigabytes = ((shape.count * rowBytes(shape)) / 1e9).toFixed(1);
    throw new UserError(
      `There is no memory for ${shape.count} vectors of ${shape.dimensions} ${shape.kind} (${gigabytes} GB); ` +
        `use int8 vectors or a machine with more memory.`,
    );
  }
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { first, count, at, buffer: memory.buffer, kernels: exports as unknown as Kernels };
}

function layoutOf(shape: VectorShape, count: number): Layout {
  const row = rowBytes(shape);
  const queryRow = shape.kind === 'float32' ? row : row * 2;
  const queries = RESERVED_BYTES;
  const queryScales = queries + QUERY_BATCH * queryRow;
  const scores = queryScales + QUERY_BATCH * 4;
  const scales = scores + QUERY_BATCH * SCORE_BLOCK * 4;
  const rows = Math.ceil((scales + (shape.kind === 'int8' ? count * 4 : 0)) / 16) * 16;
  return { queries, queryScales, scores, scales, rows, end: rows + count * row };
}
