// Softmax and log-softmax of rows; the largest value is subtracted first.

import { at, expNegative1, expNegative4, log1, sumLanes } from './math';
import { rowMax } from './reduce';

/**
 * out = e^((x - largest)·scale) of one row; returns the sum. In place is fine. Written so that the `wide` variant's runtime takes two
 * vectors as one: offsets in the instructions, the test at the end.
 */
// @ts-ignore: decorator
@inline
export function expRow(n: i32, largest: f32, scale: f32, x: usize, out: usize): f32 {
  const s = f32x4.splat(largest), by = f32x4.splat(scale), pairs = n & ~7;
  let low = f32x4.splat(0), high = low, i: i32 = 0;
  if (pairs > 0) {
    do {
      const from = at(x, i), to = at(out, i);
      const e0 = expNegative4(f32x4.mul(f32x4.sub(v128.load(from), s), by));
      const e1 = expNegative4(f32x4.mul(f32x4.sub(v128.load(from, 16), s), by));
      v128.store(to, e0);
      v128.store(to, e1, 16);
      low = f32x4.add(low, e0);
      high = f32x4.add(high, e1);
      i += 8;
    } while (i < pairs);
  }
  if (i + 4 <= n) {
    const e = expNegative4(f32x4.mul(f32x4.sub(v128.load(at(x, i)), s), by));
    v128.store(at(out, i), e);
    low = f32x4.add(low, e);
    i += 4;
  }
  let total = sumLanes(f32x4.add(low, high));
  for (; i < n; i++) {
    const e = expNegative1((load<f32>(at(x, i)) - largest) * scale);
    store<f32>(at(out, i), e);
    total += e;
  }
  return total;
}

// @ts-ignore: decorator
@inline
export function scaleRow(n: i32, by: f32, x: usize): void {
  const b = f32x4.splat(by);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(x, i), f32x4.mul(v128.load(at(x, i)), b));
  for (; i < n; i++) store<f32>(at(x, i), load<f32>(at(x, i)) * by);
}

/** softmax(x·scale) of one row, in place or not. */
// @ts-ignore: decorator
@inline
export function softmaxRow(n: i32, scale: f32, x: usize, out: usize): void {
  const total = expRow(n, rowMax(n, x), scale, x, out);
  scaleRow(n, 1 / total, out);
}

export function softmax(first: i32, last: i32, n: i32, x: usize, out: usize): void {
  for (let r = first; r < last; r++) softmaxRow(n, 1, at(x, r * n), at(out, r * n));
}

export function logSoftmax(first: i32, last: i32, n: i32, x: usize, out: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(x, r * n), to = at(out, r * n);
    const largest = rowMax(n, row);
    const norm = largest + log1(expRow(n, largest, 1, row, to));
    const shift = f32x4.splat(norm);
    let i: i32 = 0;
    for (; i + 4 <= n; i += 4) v128.store(at(to, i), f32x4.sub(v128.load(at(row, i)), shift));
    for (; i < n; i++) store<f32>(at(to, i), load<f32>(at(row, i)) - norm);
  }
}
