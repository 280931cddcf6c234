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
import { UserError } from '../../base/errors.ts';
import { memoryBytes } from '../../base/memory.ts';
import { Heap } from './heap.ts';

const GRANULE = 64;
/** What addresses can name. */
const MOST_BYTES = (2 ** 32 - 1) * GRANULE;

export class FarMemory {
  /** Grows; the system gives it room as it is written. */
  readonly buffer = reserve();
  readonly #heap = new Heap(
    0,
    (end) => {
      this.buffer.grow(end * GRANULE);
    },
    Math.floor(this.buffer.maxByteLength / GRANULE),
  );

  /** Bytes in use. */
  get usedBytes(): number {
    return this.#heap.usedBytes * GRANULE;
  }

  /** The far address of room for `count` halves. @throws UserError when the machine has none. */
  allocate(count: number): number {
    try {
      return this.#heap.allocate(Math.ceil((count * 2) / GRANULE));
    } catch (error) {
      const [used, wanted, most] = [this.usedBytes, count * 2, this.buffer.maxByteLength].map(gibibytes);
      throw new UserError(
        `The model's weights do not fit: ${used} GiB of them are in memory, ${wanted} GiB more were asked for, and this process gets ${most} GiB at most; take a smaller model.`,
        { cause: error },
      );
    }
  }

  free(address: number): void {
    this.#heap.free(address);
  }

  /** A view of `count` halves. */
  halves(address: number, count: number): Uint16Array<SharedArrayBuffer> {
    return new Uint16Array(this.buffer, address * GRANULE, count);
  }
}

/** Addresses for as much as the machine has; fewer where a process gets fewer, for most models need none. */
function reserve(): SharedArrayBuffer {
  for (let bytes = Math.min(memoryBytes(), MOST_BYTES); ; bytes = Math.floor(bytes / 2)) {
    try {
      return new SharedArrayBuffer(0, { maxByteLength: bytes });
    } catch (error) {
      if (bytes === 0) throw error;
    }
  }
}

const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

/** What an instance of the kernels imports. */
export function kernelImports(
  memory: WebAssembly.Memory,
  far: SharedArrayBuffer,
): Record<string, Record<string, unknown>> {
  // Addresses from 2 GiB on arrive as negative numbers.
  const farHalves = (address: number, first: number, count: number): Uint16Array =>
    new Uint16Array(far, (address >>> 0) * GRANULE + first * 2, count);
  const nearHalves = (address: number, count: number): Uint16Array =>
    new Uint16Array(memory.buffer, address >>> 0, count);
  const fetchHalves = (address: number, first: number, count: number, to: number): void => {
    nearHalves(to, count).set(farHalves(address, first, count));
  };
  const storeHalves = (address: number, first: number, count: number, from: number): void => {
    farHalves(address, first, count).set(nearHalves(from, count));
  };
  return { env: { memory, fetchHalves, storeHalves } };
}
