// Half-precision values as float32, exactly. A bfloat16 is the upper half of a float32. A float16's exponent and fraction,
// moved into a float32's place, are the value divided by 2^112: the exponents' biases differ by that. What is not finite is
// not kept in half precision, so it is not looked for here.

import { at } from './math';

/** How values are stored; `precisions` in storage.ts has the same numbers. */
export const FLOAT32: i32 = 0, BFLOAT16: i32 = 1;

const tooSmallBy: f32 = 5.192296858534828e33; // 2^112

/** The address of element `index` of an array of halves. */
// @ts-ignore: decorator
@inline
export function halfAt(base: usize, index: i32): usize {
  return base + ((<usize>index) << 1);
}

/** Four halves. */
// @ts-ignore: decorator
@inline
export function widen4(isBfloat: bool, halves: usize): v128 {
  return widenUpper(isBfloat, i32x4.shl(v128.load16x4_u(halves), 16));
}

/** Four halves that are the upper halves of lanes. */
// @ts-ignore: decorator
@inline
export function widenUpper(isBfloat: bool, upper: v128): v128 {
  if (isBfloat) return upper;
  const magnitude = v128.and(i32x4.shr_u(upper, 3), i32x4.splat(0x0fffe000));
  const sign = v128.and(upper, i32x4.splat(0x80000000));
  return v128.or(f32x4.mul(magnitude, f32x4.splat(tooSmallBy)), sign);
}

/** One half. */
// @ts-ignore: decorator
@inline
export function widen1(isBfloat: bool, half: usize): f32 {
  const bits = <u32>load<u16>(half);
  if (isBfloat) return reinterpret<f32>(bits << 16);
  const magnitude = reinterpret<f32>((bits & 0x7fff) << 13) * tooSmallBy;
  return bits & 0x8000 ? -magnitude : magnitude;
}

// @ts-ignore: decorator
@inline
function widenRow(isBfloat: bool, n: i32, halves: usize, out: usize): void {
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(out, i), widen4(isBfloat, halfAt(halves, i)));
  for (; i < n; i++) store<f32>(at(out, i), widen1(isBfloat, halfAt(halves, i)));
}

/** n adjacent values of either kind. */
export function widenValues(precision: i32, n: i32, halves: usize, out: usize): void {
  if (precision == BFLOAT16) widenRow(true, n, halves, out);
  else widenRow(false, n, halves, out);
}

/** Values [first, last) of an array. */
export function widen(first: i32, last: i32, precision: i32, halves: usize, out: usize): void {
  widenValues(precision, last - first, halfAt(halves, first), at(out, first));
}

/** Rows [first, last) of `out` [N, size] are the rows of `from`, in half precision, that `ids` [N] name. */
export function gatherHalfRows(
  first: i32, last: i32, size: i32, ids: usize, precision: i32, from: usize, out: usize,
): void {
  for (let r = first; r < last; r++) {
    widenValues(precision, size, halfAt(from, load<i32>(at(ids, r)) * size), at(out, r * size));
  }
}
