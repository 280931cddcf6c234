/**
 * @file Values in half precision beyond the 4 GiB of the kernels' memory: as much of them as the machine has room for.
 *
 * Kernels read them in pieces, which every thread copies next to its other values as it needs them. That costs little,
 * since each value that is read is multiplied with many. A far address counts granules of 64 bytes, so that 32 bits name
 * 256 GiB.
 *
 * Why not a 64-bit memory or a second one: the compiler of the kernels makes neither, and addresses of 64 bits would cost
 * every kernel the bounds checks that a 32-bit memory saves.
 */
import { messageOf, UserError } from '../../base/errors.ts';
import { Heap } from './heap.ts';

const GRANULE = 64;
/** What addresses can name, less one granule. */
const MOST_GRANULES = 2 ** 32 - 1;

export class FarMemory {
  /** Grows, up to what addresses can name; the system gives it room as it is written. */
  readonly buffer: SharedArrayBuffer;
  readonly #heap: Heap;

  constructor(buffer = new SharedArrayBuffer(0, { maxByteLength: MOST_GRANULES * GRANULE })) {
    this.buffer = buffer;
    this.#heap = new Heap(
      0,
      (end) => {
        this.#grow(end * GRANULE);
      },
      MOST_GRANULES,
    );
  }

  /** Bytes in use. */
  get usedBytes(): number {
    return this.#heap.usedBytes * GRANULE;
  }

  /** The far address of room for `count` halves. */
  allocate(count: number): number {
    return this.#heap.allocate(Math.ceil((count * 2) / GRANULE));
  }

  free(address: number): void {
    this.#heap.free(address);
  }

  /** A view of `count` halves. */
  halves(address: number, count: number): Uint16Array<SharedArrayBuffer> {
    return new Uint16Array(this.buffer, address * GRANULE, count);
  }

  #grow(bytes: number): void {
    try {
      this.buffer.grow(bytes);
    } catch (error) {
      throw new UserError(
        `The system gives the model's weights no ${Math.ceil(bytes / 2 ** 30)} GiB: ${messageOf(error)}`,
      );
    }
  }
}

/** What an instance of the kernels imports. */
export function kernelImports(
  memory: WebAssembly.Memory,
  far: SharedArrayBuffer,
): Record<string, Record<string, unknown>> {
  const fetchHalves = (address: number, first: number, count: number, to: number): void => {
    // Addresses from 2 GiB on arrive as negative numbers.
    const from = new Uint16Array(far, (address >>> 0) * GRANULE + first * 2, count);
    new Uint16Array(memory.buffer, to >>> 0, count).set(from);
  };
  return { env: { memory, fetchHalves } };
}
