// Halves as a file has them, row after row, into the panels in which kernels read them (half.ts): once, when a model is read.

import { fetchHalves, storeHalves } from './far';
import { halfAt, interleaveHigh, interleaveLow } from './half';
import { scratchOf } from './thread';
import { NR } from './tile';

/** Bytes of scratch that `arrangeHalves` needs. */
export function arrangeScratch(K: i32): usize {
  return (<usize>(2 * NR * K)) << 1;
}

/** Panels [first, last) of a matrix [N, K], near or far, in place. */
export function arrangeHalves(
  first: i32, last: i32, scratch: usize, stride: usize, N: i32, K: i32, matrix: usize, isFar: i32,
): void {
  const rows = scratchOf(scratch, stride), panel = halfAt(rows, NR * K);
  for (let i = first; i < last; i++) {
    const start = i * NR * K, count = min(NR, N - i * NR);
    if (isFar) fetchHalves(matrix, start, count * K, rows);
    else memory.copy(rows, halfAt(matrix, start), (<usize>(count * K)) << 1);
    const to = isFar ? panel : halfAt(matrix, start);
    if (count == NR) arrange(K, rows, to);
    else arrangeSome(count, K, rows, to);
    if (isFar) storeHalves(matrix, start, NR * K, panel);
  }
}

/** Blocks of 8 × 8 are turned in registers. */
function arrange(K: i32, rows: usize, panel: usize): void {
  const whole = K & ~7;
  for (let r: i32 = 0; r < NR; r += 8) {
    for (let k: i32 = 0; k < whole; k += 8) turn8(halfAt(rows, r * K + k), K, halfAt(panel, k * NR + r));
  }
  arrangeEach(NR, whole, K, rows, panel);
}

function arrangeSome(count: i32, K: i32, rows: usize, panel: usize): void {
  memory.fill(panel, 0, (<usize>(NR * K)) << 1);
  arrangeEach(count, 0, K, rows, panel);
}

/** Values [first, K) of `count` rows. */
function arrangeEach(count: i32, first: i32, K: i32, rows: usize, panel: usize): void {
  for (let r: i32 = 0; r < count; r++) {
    for (let k = first; k < K; k++) store<u16>(halfAt(panel, k * NR + r), load<u16>(halfAt(rows, r * K + k)));
  }
}

/** Eight rows of eight halves, K apart, become rows NR apart of what were their columns. */
// @ts-ignore: decorator
@inline
function turn8(p: usize, K: i32, o: usize): void {
  const next = (<usize>K) << 1, step = (<usize>NR) << 1;
  const r0 = v128.load(p), r1 = v128.load(p + next), r2 = v128.load(p + 2 * next), r3 = v128.load(p + 3 * next);
  const q = p + 4 * next;
  const r4 = v128.load(q), r5 = v128.load(q + next), r6 = v128.load(q + 2 * next), r7 = v128.load(q + 3 * next);
  const a0 = interleaveLow(r0, r1), a1 = interleaveHigh(r0, r1), a2 = interleaveLow(r2, r3), a3 = interleaveHigh(r2, r3);
  const a4 = interleaveLow(r4, r5), a5 = interleaveHigh(r4, r5), a6 = interleaveLow(r6, r7), a7 = interleaveHigh(r6, r7);
  storeTurned(lowPairs(a0, a2), lowPairs(a4, a6), o, step);
  storeTurned(highPairs(a0, a2), highPairs(a4, a6), o + 2 * step, step);
  storeTurned(lowPairs(a1, a3), lowPairs(a5, a7), o + 4 * step, step);
  storeTurned(highPairs(a1, a3), highPairs(a5, a7), o + 6 * step, step);
}

/** Two steps, of which each argument has four rows. */
// @ts-ignore: decorator
@inline
function storeTurned(upper: v128, lower: v128, o: usize, step: usize): void {
  v128.store(o, v128.shuffle<i64>(upper, lower, 0, 2));
  v128.store(o + step, v128.shuffle<i64>(upper, lower, 1, 3));
}

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}
