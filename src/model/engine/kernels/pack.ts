// Repacking for the product kernel: the inner loop reads both operands from front to back, whatever their layout was.
//
// The left operand becomes tiles of MR rows, [tile][k][MR]; the right one panels of NR columns, [panel][k][NR]. Missing rows
// and columns at the edges are filled with zeros. An element lies at base + row·rowStride + column·columnStride.

import { at } from './math';
import { MR, NR } from './tile';

/** How many steps of the inner dimension are multiplied before the next block: a panel of that depth stays in L1. */
export const KC: i32 = 256;

/** Tiles for `rows` rows and `depth` steps of the left operand. */
export function packRows(rows: i32, depth: i32, a: usize, rowStride: i32, stepStride: i32, out: usize): void {
  for (let i: i32 = 0; i < rows; i += MR) {
    const from = at(a, i * rowStride);
    if (rows - i >= MR) packWholeRows(depth, from, rowStride, stepStride, out);
    else packSomeRows(rows - i, depth, from, rowStride, stepStride, out);
    out = at(out, depth * MR);
  }
}

// @ts-ignore: decorator
@inline
function packWholeRows(depth: i32, a: usize, rowStride: i32, stepStride: i32, out: usize): void {
  const next = (<usize>rowStride) << 2, step = (<usize>stepStride) << 2;
  for (let k: i32 = 0; k < depth; k++) {
    let p = a;
    for (let r: i32 = 0; r < MR; r++) {
      store<f32>(at(out, r), load<f32>(p));
      p += next;
    }
    a += step;
    out += MR << 2;
  }
}

function packSomeRows(rows: i32, depth: i32, a: usize, rowStride: i32, stepStride: i32, out: usize): void {
  for (let k: i32 = 0; k < depth; k++) {
    for (let r: i32 = 0; r < MR; r++) {
      store<f32>(at(out, r), r < rows ? load<f32>(at(a, r * rowStride + k * stepStride)) : 0);
    }
    out += MR << 2;
  }
}

/** Panels for `columns` columns and `depth` steps of the right operand. */
export function packColumns(depth: i32, columns: i32, b: usize, stepStride: i32, columnStride: i32, out: usize): void {
  for (let j: i32 = 0; j < columns; j += NR) {
    const from = at(b, j * columnStride);
    if (columns - j < NR) packSomeColumns(depth, columns - j, from, stepStride, columnStride, out);
    else if (columnStride == 1) packAdjacentColumns(depth, from, stepStride, out);
    else if (stepStride == 1) packTransposedColumns(depth, from, columnStride, out);
    else packSomeColumns(depth, NR, from, stepStride, columnStride, out);
    out = at(out, depth * NR);
  }
}

function packAdjacentColumns(depth: i32, b: usize, stepStride: i32, out: usize): void {
  const step = (<usize>stepStride) << 2;
  for (let k: i32 = 0; k < depth; k++) {
    for (let c: usize = 0; c < (<usize>NR) << 2; c += 16) v128.store(out + c, v128.load(b + c));
    b += step;
    out += NR << 2;
  }
}

/** The operand lies transposed (its steps are adjacent): blocks of 4×4 are turned in registers. */
function packTransposedColumns(depth: i32, b: usize, columnStride: i32, out: usize): void {
  const next = (<usize>columnStride) << 2;
  const whole = depth & ~3;
  for (let c: i32 = 0; c < NR; c += 4) {
    let p = b + <usize>c * next, o = at(out, c);
    for (let k: i32 = 0; k < whole; k += 4) {
      const r0 = v128.load(p), r1 = v128.load(p + next), r2 = v128.load(p + 2 * next), r3 = v128.load(p + 3 * next);
      const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
      v128.store(o, v128.shuffle<i64>(low01, low23, 0, 2));
      v128.store(o + (NR << 2), v128.shuffle<i64>(low01, low23, 1, 3));
      v128.store(o + (NR << 3), v128.shuffle<i64>(high01, high23, 0, 2));
      v128.store(o + 3 * (NR << 2), v128.shuffle<i64>(high01, high23, 1, 3));
      p += 16;
      o += NR << 4;
    }
    for (let k = whole; k < depth; k++) {
      for (let i: usize = 0; i < 4; i++) store<f32>(o + (i << 2), load<f32>(p + i * next));
      p += 4;
      o += NR << 2;
    }
  }
}

function packSomeColumns(depth: i32, columns: i32, b: usize, stepStride: i32, columnStride: i32, out: usize): void {
  for (let k: i32 = 0; k < depth; k++) {
    for (let c: i32 = 0; c < NR; c++) {
      store<f32>(at(out, c), c < columns ? load<f32>(at(b, k * stepStride + c * columnStride)) : 0);
    }
    out += NR << 2;
  }
}

/** Columns rounded up to whole panels. */
// @ts-ignore: decorator
@inline
export function padded(columns: i32): i32 {
  return ((columns + NR - 1) / NR) * NR;
}

/** Rows rounded up to whole tiles. */
export function paddedRows(rows: i32): i32 {
  return ((rows + MR - 1) / MR) * MR;
}

/**
 * Panels [firstPanel, lastPanel) of a whole right operand of depth K: for each block of KC steps all panels, one block
 * after the other, so that the part from step k on begins at k·padded(N).
 */
export function packPanels(
  firstPanel: i32, lastPanel: i32, K: i32, N: i32, b: usize, stepStride: i32, columnStride: i32, out: usize,
): void {
  const first = firstPanel * NR, count = min(lastPanel * NR, N) - first;
  const total = padded(N);
  for (let k: i32 = 0; k < K; k += KC) {
    const depth = min(KC, K - k);
    const from = at(b, k * stepStride + first * columnStride);
    packColumns(depth, count, from, stepStride, columnStride, at(out, k * total + first * depth));
  }
}
