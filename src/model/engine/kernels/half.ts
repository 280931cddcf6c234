// Half-precision values as float32, exactly. A bfloat16 is the upper half of a float32. A float16's exponent and fraction,
// moved into a float32's place, are the value divided by 2^112: the exponents' biases differ by that. What is not finite is
// not kept in half precision, so it is not looked for here.
//
// A matrix of halves [N, K] always lies in panels, as products towards its N outputs read it: [panel][k][NR]. Value k of row n
// is number (n div NR)·NR·K + k·NR + n mod NR; a last panel of fewer rows is filled up with zeros.

import { at } from './math';
import { NR } from './tile';

/** How values are stored; `precisions` in storage.ts has the same numbers. */
export const FLOAT32: i32 = 0, BFLOAT16: i32 = 1;

/**
 * The same as types, of which loops are compiled twice: of a loop for either, told by an argument, the compiler makes one that
 * decides at each value. They differ in being signed and in nothing else.
 */
export type Bfloat16 = i16;
export type Float16 = u16;

const tooSmallBy: f32 = 5.192296858534828e33; // 2^112

/** What keeps sign and moved magnitude of four values; 2^112. The runtime makes constants anew at each use: from here they are loaded. */
const kept = memory.data<u32>([0x8fffe000, 0x77800000]);

/** The address of element `index` of an array of halves. */
// @ts-ignore: decorator
@inline
export function halfAt(base: usize, index: i32): usize {
  return base + ((<usize>index) << 1);
}

/** The first four halves of a and of b in turns. */
// @ts-ignore: decorator
@inline
export function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The last four. */
// @ts-ignore: decorator
@inline
export function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Four halves that are the upper halves of lanes. */
// @ts-ignore: decorator
@inline
export function widenUpper<T>(upper: v128): v128 {
  if (isSigned<T>()) return upper;
  const small = v128.and(i32x4.shr_s(upper, 3), v128.load32_splat(kept));
  return f32x4.mul(small, v128.load32_splat(kept, 4));
}

/** One half. */
// @ts-ignore: decorator
@inline
export function widen1<T>(half: usize): f32 {
  const bits = <u32>load<u16>(half);
  if (isSigned<T>()) return reinterpret<f32>(bits << 16);
  const magnitude = reinterpret<f32>((bits & 0x7fff) << 13) * tooSmallBy;
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** n adjacent values, a multiple of 8. */
export function widenValues(precision: i32, n: i32, halves: usize, out: usize): void {
  if (precision == BFLOAT16) widenAll<Bfloat16>(n, halves, out);
  else widenAll<Float16>(n, halves, out);
}

/** Written so that the `wide` variant's runtime takes both vectors as one: offsets in the instructions, the test at the end. */
function widenAll<T>(n: i32, halves: usize, out: usize): void {
  do {
    const eight = v128.load(halves);
    v128.store(out, widenUpper<T>(i32x4.shl(i32x4.extend_low_i16x8_u(eight), 16)));
    v128.store(out, widenUpper<T>(i32x4.shl(i32x4.extend_high_i16x8_u(eight), 16)), 16);
    halves += 16;
    out += 32;
  } while (n -= 8);
}

/** Row `row` of a matrix of halves whose rows have `size` values. */
export function widenRow(precision: i32, size: i32, matrix: usize, row: i32, out: usize): void {
  const within = row % NR, first = halfAt(matrix, (row - within) * size + within);
  if (precision == BFLOAT16) widenEach<Bfloat16>(size, first, out);
  else widenEach<Float16>(size, first, out);
}

function widenEach<T>(n: i32, half: usize, out: usize): void {
  for (let k: i32 = 0; k < n; k++) {
    store<f32>(at(out, k), widen1<T>(half));
    half += NR << 1;
  }
}

/** Rows [first, last) of `out` [N, size] are the rows of the matrix of halves that `ids` [N] name. */
export function gatherHalfRows(
  first: i32, last: i32, size: i32, ids: usize, precision: i32, matrix: usize, out: usize,
): void {
  for (let r = first; r < last; r++) widenRow(precision, size, matrix, load<i32>(at(ids, r)), at(out, r * size));
}
