/**
 * @file The one memory that all threads and kernels of the engine share, up to 4 GiB where the runtime grants it.
 *
 * Kernels that were asked for may still be at work, also on what lay in a block before it was freed: an address may be handed
 * on to further kernels at once, for they come after those, but who reads or writes here gets a view, for which all are waited.
 */
import { messageOf, UserError } from '../../base/errors.ts';
import { FarMemory } from './far-memory.ts';
import { Heap } from './heap.ts';

const pageBytes = 65536;
/** The first page is left to what the compiler may place there. */
const heapStart = pageBytes;
/** Pages of the largest memory to ask for, then of smaller ones where address space is short. */
const maxima: readonly number[] = [65536, 32768, 16384];

export class SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  /** For what need not be in it. */
  readonly far = new FarMemory();
  /** Waits for the kernels that were asked for. */
  settle: () => void = () => undefined;

  constructor() {
    const { memory, maximum } = reserve();
    this.memory = memory;
    this.heap = new Heap(
      heapStart,
      (end) => {
        this.#grow(end);
      },
      maximum * pageBytes - pageBytes,
    );
  }

  /** A view of `length` float32 values. It stays valid when the memory grows, until its block is freed. */
  floats(address: number, length: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#buffer, address, length);
  }

  halves(address: number, length: number): Uint16Array<SharedArrayBuffer> {
    return new Uint16Array(this.#buffer, address, length);
  }

  ints(address: number, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#buffer, address, length);
  }

  doubles(address: number, length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.#buffer, address, length);
  }

  get #buffer(): SharedArrayBuffer {
    this.settle();
    return this.memory.buffer; // the memory is created as a shared one
  }

  #grow(end: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing > 0) this.memory.grow(missing);
  }
}

function reserve(): { memory: WebAssembly.Memory; maximum: number } {
  const refusals: string[] = [];
  for (const maximum of maxima) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum, shared: true }), maximum };
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  throw new UserError(`The embedded engine gets no shared memory from this runtime: ${refusals.join('; ')}.`);
}
