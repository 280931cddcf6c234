/**
 * @file What products repack of weights, kept from the first micro-batch of an update to its last: nothing changes the
 * weights in between. They are read in two orders, towards the output and towards the input, so two copies are kept.
 */
import type { Heap } from './heap.ts';

/** More is not kept: what repacking costs then is small beside the products. */
const mostBytes = 2 ** 27;

/** Bytes that are kept of so many trained float32 values. */
export function keptPanelBytes(values: number): number {
  const bytes = 2 * 4 * values;
  return bytes <= mostBytes ? bytes : 0;
}

/** Where a weight lies in the shared memory. */
export interface WeightPlace {
  readonly address: number;
  /** Number of float32 values. */
  readonly size: number;
}

export class KeptPanels {
  readonly #heap: Heap;
  #weights: readonly WeightPlace[] = [];
  /** Addresses of panels by what they were made of. */
  readonly #panels = new Map<string, number>();

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Keeps the panels of these weights, which must not change until the function that it returns is called. */
  keep(weights: readonly WeightPlace[]): () => void {
    if (keptPanelBytes(weights.reduce((sum, { size }) => sum + size, 0)) > 0) this.#weights = weights;
    return () => {
      for (const address of this.#panels.values()) this.#heap.free(address);
      this.#panels.clear();
      this.#weights = [];
    };
  }

  /** Calls `use` with panels of a right operand at `b`, cut as `layout` says; `make` fills them, unless it has before and they are kept. */
  with(
    b: number,
    layout: readonly number[],
    bytes: number,
    make: (panels: number) => void,
    use: (panels: number) => void,
  ): void {
    const isKept = this.#weights.some(({ address, size }) => b >= address && b < address + size * 4);
    const key = isKept ? layout.join(' ') : '';
    let panels = this.#panels.get(key);
    if (panels === undefined) {
      panels = this.#heap.allocate(bytes);
      make(panels);
      if (isKept) this.#panels.set(key, panels);
    }
    use(panels);
    if (!isKept) this.#heap.free(panels);
  }
}
