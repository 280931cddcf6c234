// Repacking for the product kernel: the inner loop reads both operands from front to back, whatever their layout was.
//
// The left operand becomes tiles of MR rows, [tile][k][MR]; the right one panels of NR columns, [panel][k][NR]. Missing rows
// and columns at the edges are filled with zeros. An element lies at base + row·rowStride + column·columnStride.

import { at } from './math';
import { MR, NR } from './tile';

/** So many steps of the inner dimension at most are multiplied before the next block: a panel of that depth stays in L1. */
export const KC: i32 = 448;

/** Steps of each block but the last: all about alike, since short blocks take much time to read and write their results. */
export function blockSteps(K: i32): i32 {
  const blocks = (K + KC - 1) / KC, steps = (K + blocks - 1) / blocks;
  return (steps + 15) & ~15;
}

/** Tiles for `rows` rows and `depth` steps of the left operand. */
export function packRows(rows: i32, depth: i32, a: usize, rowStride: i32, stepStride: i32, out: usize): void {
  if (rowStride == 1) {
    const whole = (rows / MR) * MR;
    packAdjacentRows(whole, depth, a, stepStride, out);
    if (whole < rows) packSomeRows(rows - whole, depth, at(a, whole), 1, stepStride, at(out, whole * depth));
    return;
  }
  for (let i: i32 = 0; i < rows; i += MR) {
    const from = at(a, i * rowStride);
    if (rows - i >= MR && stepStride == 1) packRowMajor(depth, from, rowStride, out);
    else if (rows - i >= MR) packWholeRows(depth, from, rowStride, stepStride, out);
    else packSomeRows(rows - i, depth, from, rowStride, stepStride, out);
    out = at(out, depth * MR);
  }
}

/** Steps of rows that are packed for one tile before the next: tiles often lie whole pages apart, where L1 keeps few lines at a time. */
const STEPS: i32 = 8;

/** The operand lies transposed: its rows are adjacent. */
function packAdjacentRows(rows: i32, depth: i32, a: usize, stepStride: i32, out: usize): void {
  const next = (<usize>stepStride) << 2;
  for (let k: i32 = 0; k < depth; k += STEPS) {
    const steps = min(STEPS, depth - k);
    for (let i: i32 = 0; i < rows; i += MR) {
      let p = at(a, k * stepStride + i), o = at(out, i * depth + k * MR);
      for (let s: i32 = 0; s < steps; s++) {
        v128.store(o, v128.load(p));
        if (MR >= 6) store<u64>(o + 16, load<u64>(p + 16));
        for (let r: i32 = MR >= 6 ? 6 : 4; r < MR; r++) store<f32>(at(o, r), load<f32>(at(p, r)));
        p += next;
        o += MR << 2;
      }
    }
  }
}

/** Four rows are turned in registers, four steps at a time; the tile's other rows follow one by one. */
function packRowMajor(depth: i32, a: usize, rowStride: i32, out: usize): void {
  const next = (<usize>rowStride) << 2, tile = (<usize>MR) << 2, whole = depth & ~3;
  let p = a, o = out;
  for (let k: i32 = 0; k < whole; k += 4) {
    turn4(p, next, o, tile);
    for (let r: i32 = 4; r < MR; r++) {
      const x = v128.load(p + <usize>r * next), to = at(o, r);
      store<f32>(to, f32x4.extract_lane(x, 0));
      store<f32>(to + tile, f32x4.extract_lane(x, 1));
      store<f32>(to + 2 * tile, f32x4.extract_lane(x, 2));
      store<f32>(to + 3 * tile, f32x4.extract_lane(x, 3));
    }
    p += 16;
    o += 4 * tile;
  }
  packWholeRows(depth - whole, p, rowStride, 1, o);
}

/** A block of 4×4 whose rows are `next` bytes apart becomes its transpose with rows `step` bytes apart. */
// @ts-ignore: decorator
@inline
function turn4(p: usize, next: usize, o: usize, step: usize): void {
  turn(v128.load(p), v128.load(p + next), v128.load(p + 2 * next), v128.load(p + 3 * next), o, step);
}

/** Four rows of four become the columns of what is stored, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function turn(r0: v128, r1: v128, r2: v128, r3: v128, o: usize, step: usize): void {
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(o, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(o + step, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(o + 2 * step, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(o + 3 * step, v128.shuffle<i64>(high01, high23, 1, 3));
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
  const whole = (columns / NR) * NR;
  if (columnStride == 1) packAdjacentColumns(depth, whole, b, stepStride, out);
  else {
    for (let j: i32 = 0; j < whole; j += NR) {
      const from = at(b, j * columnStride), to = at(out, j * depth);
      if (stepStride == 1) packTransposedColumns(depth, from, columnStride, to);
      else packSomeColumns(depth, NR, from, stepStride, columnStride, to);
    }
  }
  if (whole < columns) {
    packSomeColumns(depth, columns - whole, at(b, whole * columnStride), stepStride, columnStride, at(out, whole * depth));
  }
}

/** Step by step, so that memory is read in order. */
function packAdjacentColumns(depth: i32, columns: i32, b: usize, stepStride: i32, out: usize): void {
  const step = (<usize>stepStride) << 2, panel = (<usize>(depth * NR)) << 2;
  for (let k: i32 = 0; k < depth; k++) {
    let p = b, o = out;
    for (let j: i32 = 0; j < columns; j += NR) {
      for (let c: usize = 0; c < (<usize>NR) << 2; c += 16) v128.store(o + c, v128.load(p + c));
      p += NR << 2;
      o += panel;
    }
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
      turn4(p, next, o, NR << 2);
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
 * Panels [firstPanel, lastPanel) of a whole right operand of depth K: for each block of steps all panels, one block
 * after the other, so that the part from step k on begins at k·padded(N).
 */
export function packPanels(
  firstPanel: i32, lastPanel: i32, K: i32, N: i32, b: usize, stepStride: i32, columnStride: i32, out: usize,
): void {
  const first = firstPanel * NR, count = min(lastPanel * NR, N) - first;
  const total = padded(N), block = blockSteps(K);
  for (let k: i32 = 0; k < K; k += block) {
    const depth = min(block, K - k), from = k * stepStride + first * columnStride;
    packColumns(depth, count, at(b, from), stepStride, columnStride, at(out, k * total + first * depth));
  }
}
