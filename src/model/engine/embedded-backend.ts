/**
 * @file The embedded engine as a TensorFlow.js backend: values in one shared memory, kernels on a pool of threads.
 *
 * It extends the CPU backend, so every operation exists from the start: kernels of TensorFlow.js read and write the same
 * values as plain typed arrays. What they produce outside the shared memory moves into it when one of ours first reads it.
 * Our kernels are only asked for, and done in that order meanwhile; who reads values waits for them.
 */
import type { BackendValues, DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { arrange, halvesOf, rowsOf, widenMatrix } from './half-matrix.ts';
import { KeptPanels } from './kept-panels.ts';
import { Pool, defaultThreads } from './pool.ts';
import { SharedMemory } from './shared-memory.ts';
import type { HalfPrecision, Placed, Stored } from './storage.ts';
import { chooseVariant, type Variant, type VariantName } from './variants.ts';

export interface EmbeddedOptions {
  /** The caller's included; default: the machine's cores, within reason. */
  readonly threads?: number;
  /** A build of the kernels instead of the fastest. */
  readonly variant?: VariantName;
}

/** A new tensor in the shared memory. */
export interface Output extends TensorInfo {
  readonly address: number;
  /** Number of values. */
  readonly size: number;
}

/** What TensorFlow.js has of a tensor, under its names. */
interface Entry {
  readonly values: ArrayLike<number>;
  readonly dtype: DataType;
  refCount: number;
  /** Where the values lie in the shared memory, once they do. */
  readonly address?: number;
  /** Where they lie instead while they are in half precision; `values` is not to be read before they are widened. */
  half?: Half;
}

interface Half extends Placed {
  readonly precision: HalfPrecision;
  /** Of the matrix that it was stored as; a tensor with the same values may have another. */
  readonly shape: readonly number[];
}

/** Of values in the shared memory: who reads them waits for the kernels that write them. */
class SharedEntry implements Entry {
  readonly dtype: 'float32' | 'int32';
  refCount: number;
  readonly address: number;
  readonly #shared: SharedMemory;
  readonly #size: number;

  constructor(shared: SharedMemory, dtype: 'float32' | 'int32', address: number, size: number, refCount = 1) {
    this.dtype = dtype;
    this.refCount = refCount;
    this.address = address;
    this.#shared = shared;
    this.#size = size;
  }

  get values(): Float32Array | Int32Array {
    const { dtype, address } = this;
    return dtype === 'float32' ? this.#shared.floats(address, this.#size) : this.#shared.ints(address, this.#size);
  }
}

/** A new matrix in half precision. */
export interface HalfOutput extends TensorInfo {
  /** What the caller is about to write, row after row, and then calls `arrange`. */
  readonly halves: Uint16Array;
  /** Brings what was written into the order in which kernels read it. */
  readonly arrange: () => void;
}

/** Values that are widened or fetched in one go. */
const atOnce = 1 << 20;

export class EmbeddedBackend extends MathBackendCPU {
  readonly shared: SharedMemory;
  readonly pool: Pool;
  readonly variant: Variant;
  readonly panels: KeptPanels;
  #scratch = 0;
  #scratchStride = 0;

  private constructor(shared: SharedMemory, pool: Pool, variant: Variant) {
    super();
    (this as unknown as { firstUse: boolean }).firstUse = false; // it would advertise another backend
    this.shared = shared;
    this.pool = pool;
    shared.settle = () => {
      pool.settle();
    };
    this.variant = variant;
    this.panels = new KeptPanels(shared.heap);
  }

  static async create(options: EmbeddedOptions = {}): Promise<EmbeddedBackend> {
    const shared = new SharedMemory();
    const variant = await chooseVariant(shared, options.variant);
    const pool = await Pool.create(variant.module, shared, Math.max(1, options.threads ?? defaultThreads()));
    return new EmbeddedBackend(shared, pool, variant);
  }

  get description(): string {
    const { name, gigaflops } = this.variant;
    return `${this.pool.threads} threads, ${name} kernels at ${Math.round(gigaflops)} GFLOP/s each`;
  }

  /** A tensor whose values the caller is about to write. */
  output(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): Output {
    const size = shape.reduce((product, n) => product * n, 1);
    const address = this.shared.heap.allocate(size * 4);
    const dataId = {};
    this.data.set(dataId, new SharedEntry(this.shared, dtype, address, size));
    return { dataId, shape: [...shape], dtype, address, size };
  }

  /**
   * A float32 matrix whose values are stored as halves, none of them infinite or no number; in the far memory if asked.
   * What asks for its address changes it to float32 for good; `placed` and `withStored` do not.
   */
  halfOutput([rows, columns]: readonly [number, number], precision: HalfPrecision, isFar = false): HalfOutput {
    const { heap, far } = this.shared;
    const shape = [rows, columns];
    const count = halvesOf(this.pool, shape);
    const address = isFar ? far.allocate(count) : heap.allocate(count * 2);
    const dataId = this.write(new Float32Array(0), shape, 'float32');
    const entry = this.#entry(dataId);
    const half = (entry.half = { address, precision, isFar, shape });
    // TensorFlow.js's own kernels read the values from here.
    Object.defineProperty(entry, 'values', { get: () => this.#widen(dataId, half).values });
    this.pool.settle();
    const halves = (isFar ? far : this.shared).halves(address, rows * columns);
    const inPlace = (): void => {
      arrange(this.pool, (bytes) => this.scratch(bytes), shape, half);
    };
    return { dataId, shape, dtype: 'float32', halves, arrange: inPlace };
  }

  /** Where a float32 or int32 tensor's values lie; moves them into the shared memory if they are not there yet. */
  address(tensor: TensorInfo): number {
    const { half, address } = this.#entry(tensor.dataId);
    return half ? this.#widen(tensor.dataId, half).address : (address ?? this.#adopt(tensor));
  }

  /** Where a tensor's values lie as they are stored, for kernels that can read halves, near and far. */
  placed(tensor: TensorInfo): Placed {
    const half = this.#halfOf(tensor);
    return half ?? { address: this.address(tensor), precision: 'float32', isFar: false };
  }

  /** Calls `use` with the place of values as they are stored; those of the far memory are near only until it returns. */
  withStored(tensor: TensorInfo, use: (stored: Stored) => void): void {
    const half = this.#halfOf(tensor);
    if (half) this.#lend(half, use);
    else use({ address: this.address(tensor), precision: 'float32' });
  }

  /** Repacks the matrices among these once, until the function that it returns is called; they must not change before. */
  keepPanels(tensors: readonly TensorInfo[]): () => void {
    const matrices = tensors.filter((tensor) => tensor.shape.length === 2 && !this.#entry(tensor.dataId).half);
    return this.panels.keep(
      matrices.map((tensor) => ({ address: this.address(tensor), size: tensor.shape[0] * tensor.shape[1] })),
    );
  }

  /** Scratch for every thread: its address and the bytes each thread has of it. Valid until the next call. */
  scratch(bytesPerThread: number): [address: number, stride: number] {
    if (bytesPerThread > this.#scratchStride) {
      if (this.#scratch !== 0) this.shared.heap.free(this.#scratch);
      this.#scratchStride = Math.ceil(bytesPerThread / 4096) * 4096;
      this.#scratch = this.shared.heap.allocate(this.#scratchStride * this.pool.threads);
    }
    return [this.#scratch, this.#scratchStride];
  }

  /** Keeps a copy of what is a view of the shared memory: some of TensorFlow.js's kernels give parts of values as such. */
  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const isView = !Array.isArray(values) && values.buffer instanceof SharedArrayBuffer;
    return super.write(isView ? values.slice() : values, shape, dtype);
  }

  /** A copy: the values themselves change with the tensor. */
  override readSync(dataId: DataId): ReturnType<MathBackendCPU['readSync']> {
    const entry = this.#entry(dataId);
    if (entry.half) return this.#widened(entry.half);
    return entry.address === undefined ? super.readSync(dataId) : (entry.values as Float32Array).slice();
  }

  override read(dataId: DataId): Promise<ReturnType<MathBackendCPU['readSync']>> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.data.has(dataId) ? this.#entry(dataId) : undefined;
    const { half, address } = entry ?? {};
    const isGone = super.disposeData(dataId, force);
    if (this.data.has(dataId)) return isGone;
    if (half) this.#free(half);
    else if (address !== undefined) this.shared.heap.free(address);
    return isGone;
  }

  override dispose(): void {
    super.dispose();
    void this.pool.dispose();
  }

  #entry(dataId: DataId): Entry {
    return this.data.get(dataId) as unknown as Entry;
  }

  /** Of a tensor that is still the matrix that it was stored as, and not another view of its values. */
  #halfOf({ dataId, shape }: TensorInfo): Half | undefined {
    const { half } = this.#entry(dataId);
    return half && shape.at(-1) === half.shape[1] ? half : undefined;
  }

  /** The values of a tensor in half precision, which is in float32 from now on. */
  #widen(dataId: DataId, half: Half): SharedEntry {
    const size = half.shape[0] * half.shape[1];
    const address = this.shared.heap.allocate(size * 4);
    this.#lend(half, (stored) => {
      widenMatrix(this.pool, half.shape, stored, address);
    });
    this.#free(half);
    return this.#place(dataId, 'float32', address, size);
  }

  /** A copy in float32 outside the shared memory. */
  #widened(half: Half): Float32Array {
    const [rows, columns] = half.shape;
    const copy = new Float32Array(rows * columns);
    const step = Math.min(rows, rowsOf(this.pool, columns, atOnce));
    const room = this.shared.heap.allocate(step * columns * 4);
    this.#lend(half, ({ address, precision }) => {
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row);
        widenMatrix(this.pool, [count, columns], { address: address + row * columns * 2, precision }, room);
        copy.set(this.shared.floats(room, count * columns), row * columns);
      }
    });
    this.shared.heap.free(room);
    return copy;
  }

  #free({ isFar, address }: Half): void {
    (isFar ? this.shared.far : this.shared.heap).free(address);
  }

  /** Has a copy of far values near while `use` runs. */
  #lend(half: Half, use: (stored: Stored) => void): void {
    if (!half.isFar) {
      use(half);
      return;
    }
    const { heap } = this.shared;
    const count = halvesOf(this.pool, half.shape);
    const address = heap.allocate(count * 2);
    try {
      this.pool.run('bringNear', count, atOnce, [half.address, address]);
      use({ address, precision: half.precision });
    } finally {
      heap.free(address);
    }
  }

  #adopt({ dataId, dtype }: TensorInfo): number {
    const { values } = this.#entry(dataId);
    const address = this.shared.heap.allocate(values.length * 4);
    const placed = this.#place(dataId, dtype === 'int32' ? 'int32' : 'float32', address, values.length);
    placed.values.set(values);
    return address;
  }

  /** A tensor's values lie here from now on. */
  #place(dataId: DataId, dtype: 'float32' | 'int32', address: number, size: number): SharedEntry {
    const placed = new SharedEntry(this.shared, dtype, address, size, this.#entry(dataId).refCount);
    this.data.delete(dataId); // it would be counted twice
    this.data.set(dataId, placed);
    return placed;
  }
}
