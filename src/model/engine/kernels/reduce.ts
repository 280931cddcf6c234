// Sums and maxima. Orders are fixed by the sizes alone: lanes within a row, then lanes together.

import { at, maxLanes, sumLanes } from './math';

// @ts-ignore: decorator
@inline
export function rowSum(n: i32, x: usize): f32 {
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= n; i += 4) sum = f32x4.add(sum, v128.load(at(x, i)));
  let total = sumLanes(sum);
  for (; i < n; i++) total += load<f32>(at(x, i));
  return total;
}

/**
 * The largest of a row. `exact` is NaN where the row has one; otherwise one may be passed over, which what is computed of the row then
 * finds, and this takes a fraction of the time.
 */
// @ts-ignore: decorator
@inline
export function rowMax(n: i32, x: usize, exact: bool = false): f32 {
  let best = f32x4.splat(-Infinity), i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const four = v128.load(at(x, i));
    best = exact ? f32x4.max(best, four) : f32x4.pmax(best, four);
  }
  let largest = maxLanes(best);
  for (; i < n; i++) largest = max(largest, load<f32>(at(x, i)));
  return largest;
}

/** out[r] = scale · the sum of row r of x [rows, n]. */
export function sumRows(first: i32, last: i32, n: i32, scale: f32, x: usize, out: usize): void {
  for (let r = first; r < last; r++) store<f32>(at(out, r), rowSum(n, at(x, r * n)) * scale);
}

/** out[r] = the largest of row r of x [rows, n], NaN where it has one. */
export function maxRows(first: i32, last: i32, n: i32, x: usize, out: usize): void {
  for (let r = first; r < last; r++) store<f32>(at(out, r), rowMax(n, at(x, r * n), true));
}

/** out[c] = scale · the sum of column c of x [rows, n], for columns [first, last). */
export function sumColumns(first: i32, last: i32, rows: i32, n: i32, scale: f32, x: usize, out: usize): void {
  let c = first;
  for (; c + 16 <= last; c += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let r: i32 = 0; r < rows; r++) {
      const p = at(x, r * n + c);
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
    }
    const by = f32x4.splat(scale), to = at(out, c);
    v128.store(to, f32x4.mul(s0, by));
    v128.store(to, f32x4.mul(s1, by), 16);
    v128.store(to, f32x4.mul(s2, by), 32);
    v128.store(to, f32x4.mul(s3, by), 48);
  }
  for (; c < last; c++) {
    let sum: f32 = 0;
    for (let r: i32 = 0; r < rows; r++) sum += load<f32>(at(x, r * n + c));
    store<f32>(at(out, c), sum * scale);
  }
}

/** How many elements one partial sum of `sumBlocks` covers. */
export const BLOCK: i32 = 4096;

/** out[i] (float64) = the sum of block i of x [n], for blocks [first, last) of BLOCK elements. */
export function sumBlocks(first: i32, last: i32, n: i32, x: usize, out: usize): void {
  for (let i = first; i < last; i++) {
    const sum = rowSum(min(BLOCK, n - i * BLOCK), at(x, i * BLOCK));
    store<f64>(out + ((<usize>i) << 3), <f64>sum);
  }
}
