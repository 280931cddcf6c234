// Repacking of a right operand in half precision: panels as pack.ts makes them, in float32.

import { BFLOAT16, halfAt, widen1, widen4, widenUpper } from './half';
import { at } from './math';
import { NR } from './tile';

/** Panels for `columns` columns and `depth` steps. */
export function packHalfColumns(
  precision: i32, depth: i32, columns: i32, b: usize, stepStride: i32, columnStride: i32, out: usize,
): void {
  if (precision == BFLOAT16) packColumns(true, depth, columns, b, stepStride, columnStride, out);
  else packColumns(false, depth, columns, b, stepStride, columnStride, out);
}

// @ts-ignore: decorator
@inline
function packColumns(
  isBfloat: bool, depth: i32, columns: i32, b: usize, stepStride: i32, columnStride: i32, out: usize,
): void {
  for (let j: i32 = 0; j < columns; j += NR) {
    const from = halfAt(b, j * columnStride), count = min(NR, columns - j);
    if (count == NR && columnStride == 1) packAdjacentColumns(isBfloat, depth, from, stepStride, out);
    else if (count == NR && stepStride == 1) packTransposedColumns(isBfloat, depth, from, columnStride, out);
    else packSomeColumns(isBfloat, depth, count, from, stepStride, columnStride, out);
    out = at(out, depth * NR);
  }
}

// @ts-ignore: decorator
@inline
function packAdjacentColumns(isBfloat: bool, depth: i32, b: usize, stepStride: i32, out: usize): void {
  for (let k: i32 = 0; k < depth; k++) {
    for (let c: i32 = 0; c < NR; c += 4) v128.store(at(out, c), widen4(isBfloat, halfAt(b, c)));
    b = halfAt(b, stepStride);
    out = at(out, NR);
  }
}

/** Blocks of 4 columns × 8 steps are turned as halves, of which twice as many fit a register, and widened afterwards. */
// @ts-ignore: decorator
@inline
function packTransposedColumns(
  isBfloat: bool, depth: i32, b: usize, columnStride: i32, out: usize,
): void {
  const whole = depth & ~7, step = (<usize>NR) << 2, next = (<usize>columnStride) << 1;
  for (let c: i32 = 0; c < NR; c += 4) {
    let p = halfAt(b, c * columnStride), o = at(out, c);
    for (let k: i32 = 0; k < whole; k += 8) {
      const r0 = v128.load(p), r1 = v128.load(p + next), r2 = v128.load(p + 2 * next), r3 = v128.load(p + 3 * next);
      const low01 = lowPairs(r0, r1), high01 = highPairs(r0, r1), low23 = lowPairs(r2, r3), high23 = highPairs(r2, r3);
      storeSteps(isBfloat, v128.shuffle<i32>(low01, low23, 0, 4, 1, 5), o, step);
      storeSteps(isBfloat, v128.shuffle<i32>(low01, low23, 2, 6, 3, 7), o + 2 * step, step);
      storeSteps(isBfloat, v128.shuffle<i32>(high01, high23, 0, 4, 1, 5), o + 4 * step, step);
      storeSteps(isBfloat, v128.shuffle<i32>(high01, high23, 2, 6, 3, 7), o + 6 * step, step);
      p += 16;
      o += 8 * step;
    }
    for (let k = whole; k < depth; k++) {
      for (let i: i32 = 0; i < 4; i++) store<f32>(at(o, i), widen1(isBfloat, halfAt(p, i * columnStride)));
      p += 2;
      o += step;
    }
  }
}

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Two steps of four halves each become rows of float32, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeSteps(isBfloat: bool, halves: v128, o: usize, step: usize): void {
  const zero = i32x4.splat(0);
  v128.store(o, widenUpper(isBfloat, lowPairs(zero, halves)));
  v128.store(o + step, widenUpper(isBfloat, highPairs(zero, halves)));
}

// @ts-ignore: decorator
@inline
function packSomeColumns(
  isBfloat: bool, depth: i32, columns: i32, b: usize, stepStride: i32, columnStride: i32, out: usize,
): void {
  for (let k: i32 = 0; k < depth; k++) {
    for (let c: i32 = 0; c < NR; c++) {
      store<f32>(at(out, c), c < columns ? widen1(isBfloat, halfAt(b, k * stepStride + c * columnStride)) : 0);
    }
    out = at(out, NR);
  }
}
