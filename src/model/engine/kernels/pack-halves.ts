// Repacking of a right operand in half precision: panels as pack.ts makes them, in float32.

import { BFLOAT16, halfAt, widen1, widen4 } from './half';
import { at } from './math';
import { turn } from './pack';
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

// @ts-ignore: decorator
@inline
function packTransposedColumns(isBfloat: bool, depth: i32, b: usize, columnStride: i32, out: usize): void {
  const whole = depth & ~3, step = (<usize>NR) << 2;
  for (let c: i32 = 0; c < NR; c += 4) {
    let p = halfAt(b, c * columnStride), o = at(out, c);
    for (let k: i32 = 0; k < whole; k += 4) {
      turn(
        widen4(isBfloat, p), widen4(isBfloat, halfAt(p, columnStride)),
        widen4(isBfloat, halfAt(p, 2 * columnStride)), widen4(isBfloat, halfAt(p, 3 * columnStride)), o, step,
      );
      p += 8;
      o += 4 * step;
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
