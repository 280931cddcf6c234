/**
 * @file The allocator of the engine's shared memory: two-level segregated fit (Masmano and others 2004).
 *
 * Free blocks lie in lists by size class, eight classes per power of two; a bitmap finds the next class that has one.
 * Allocation splits, freeing joins neighbours, both in constant time. A WebAssembly memory never shrinks: what is freed
 * is used again, not returned to the system. Only the thread that owns the engine allocates.
 */
import { UserError } from '../../base/errors.ts';

/** Bytes; also the alignment. Every block is a whole number of granules, so vectors may run past the last value. */
const granule = 64;
const classesPerPower = 8;
const classCount = 256;
/** The largest address of a 32-bit memory, less one page so that the end of a block is an address too. */
const addressLimit = 2 ** 32 - 65536;
const leastGrowth = 1 << 24;

interface Block {
  address: number;
  size: number;
  isFree: boolean;
  /** The block that ends where this one begins. */
  below: Block | undefined;
  /** The block that begins where this one ends. */
  above: Block | undefined;
  previousFree: Block | undefined;
  nextFree: Block | undefined;
}

/** Makes sure that addresses below `end` exist; throws when they cannot. */
export type Grow = (end: number) => void;

export class Heap {
  readonly #grow: Grow;
  readonly #lists: (Block | undefined)[] = Array.from({ length: classCount });
  /** One bit for each class that has a free block. */
  readonly #filled = new Uint32Array(classCount / 32);
  readonly #allocated = new Map<number, Block>();
  readonly #limit: number;
  #top: Block | undefined;
  #end: number;
  #usedBytes = 0;
  #peakBytes = 0;

  constructor(start: number, grow: Grow, limit = addressLimit) {
    this.#end = Math.ceil(start / granule) * granule;
    this.#grow = grow;
    this.#limit = limit;
  }

  /** Bytes in allocated blocks. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The most bytes that were in allocated blocks at a time since `forgetPeak`. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  forgetPeak(): void {
    this.#peakBytes = this.#usedBytes;
  }

  /** Bytes that are left, were they in one piece. */
  get roomBytes(): number {
    return this.#limit - this.#usedBytes;
  }

  /** The first address that has never been part of a block: how far the heap has grown. */
  get end(): number {
    return this.#end;
  }

  /** The address of a block of at least this many bytes, aligned to 64. Its contents are undefined. */
  allocate(bytes: number): number {
    const size = Math.max(granule, Math.ceil(bytes / granule) * granule);
    const block = this.#take(size) ?? this.#extend(size);
    this.#split(block, size);
    block.isFree = false;
    this.#allocated.set(block.address, block);
    this.#usedBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    return block.address;
  }

  free(address: number): void {
    const block = this.#allocated.get(address);
    if (!block) throw new Error(`no block begins at ${address}`);
    this.#allocated.delete(address);
    this.#usedBytes -= block.size;
    this.#insert(this.#join(block));
  }

  /** A free block that is large enough, out of its list. */
  #take(size: number): Block | undefined {
    const own = this.#lists[sizeClass(size)];
    const block = own && own.size >= size ? own : this.#firstFrom(sizeClass(size) + 1);
    if (block) this.#remove(block);
    return block;
  }

  #firstFrom(from: number): Block | undefined {
    for (let word = from >>> 5; word < this.#filled.length; word++) {
      const mask = word === from >>> 5 ? (0xffffffff << (from & 31)) >>> 0 : 0xffffffff;
      const bits = (this.#filled[word] & mask) >>> 0;
      if (bits !== 0) return this.#lists[word * 32 + (31 - Math.clz32(bits & -bits))];
    }
    return undefined;
  }

  /** A block at the end of the heap, which grows by what its last block lacks. */
  #extend(size: number): Block {
    const top = this.#top?.isFree ? this.#top : undefined;
    const missing = size - (top?.size ?? 0);
    const room = this.#limit - this.#end;
    if (missing > room) {
      const [used, wanted] = [this.#usedBytes, size].map((bytes) => Math.ceil(bytes / 2 ** 20));
      throw new UserError(
        `The embedded engine's memory is full: ${used} MiB in use, ${wanted} MiB more asked for, 4 GiB at most; ` +
          'use smaller batches, shorter sequences or a smaller model, or backend=node, which takes what the machine has ' +
          '("rec-r1 install-backend node").',
      );
    }
    const growth = Math.min(room, Math.max(missing, leastGrowth));
    this.#grow(this.#end + growth);
    const fresh = newBlock(this.#end, growth, this.#top);
    if (this.#top) this.#top.above = fresh;
    this.#top = fresh;
    this.#end += growth;
    return this.#join(fresh);
  }

  /** Cuts what a block has beyond `size` off into a free block. */
  #split(block: Block, size: number): void {
    if (block.size - size < granule) return;
    const rest = newBlock(block.address + size, block.size - size, block);
    rest.above = block.above;
    if (rest.above) rest.above.below = rest;
    else this.#top = rest;
    block.above = rest;
    block.size = size;
    this.#insert(rest);
  }

  /** One block out of this one and its free neighbours, in no list. */
  #join(block: Block): Block {
    let joined = block;
    if (block.below?.isFree) {
      joined = block.below;
      this.#remove(joined);
      this.#absorb(joined);
    }
    if (joined.above?.isFree) {
      this.#remove(joined.above);
      this.#absorb(joined);
    }
    return joined;
  }

  #absorb(block: Block): void {
    const gone = block.above!;
    block.size += gone.size;
    block.above = gone.above;
    if (block.above) block.above.below = block;
    else this.#top = block;
  }

  #insert(block: Block): void {
    const index = sizeClass(block.size);
    const head = this.#lists[index];
    block.isFree = true;
    block.nextFree = head;
    block.previousFree = undefined;
    if (head) head.previousFree = block;
    this.#lists[index] = block;
    this.#filled[index >>> 5] |= 1 << (index & 31);
  }

  #remove(block: Block): void {
    const index = sizeClass(block.size);
    if (block.previousFree) block.previousFree.nextFree = block.nextFree;
    else this.#lists[index] = block.nextFree;
    if (block.nextFree) block.nextFree.previousFree = block.previousFree;
    if (!this.#lists[index]) this.#filled[index >>> 5] &= ~(1 << (index & 31));
    block.isFree = false;
  }
}

function newBlock(address: number, size: number, below: Block | undefined): Block {
  return { address, size, isFree: false, below, above: undefined, previousFree: undefined, nextFree: undefined };
}

/** The class whose blocks have at least its lower bound: exact below eight granules, then eight steps per power of two. */
function sizeClass(size: number): number {
  const granules = size / granule;
  if (granules < classesPerPower) return granules;
  const power = 31 - Math.clz32(granules);
  return (power - 2) * classesPerPower + ((granules >>> (power - 3)) & (classesPerPower - 1));
}
