// Functions of one array. Ranges are in vectors of four: blocks of memory are padded, so the last vector may reach past the
// values but never past the block.

import { exp4, log4, sigmoid4 } from './math';

const NEG: i32 = 0, EXP: i32 = 1, LOG: i32 = 2, SQRT: i32 = 3, RSQRT: i32 = 4, SQUARE: i32 = 5, SIGMOID: i32 = 6;

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == EXP) return exp4(x);
  if (op == LOG) return log4(x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (op == SQUARE) return f32x4.mul(x, x);
  return sigmoid4(x);
}

// @ts-ignore: decorator
@inline
function map(op: i32, first: i32, last: i32, x: usize, out: usize): void {
  for (let i = (<usize>first) << 4; i != (<usize>last) << 4; i += 16) v128.store(out + i, apply(op, v128.load(x + i)));
}

export function neg(first: i32, last: i32, x: usize, out: usize): void { map(NEG, first, last, x, out); }
export function exp(first: i32, last: i32, x: usize, out: usize): void { map(EXP, first, last, x, out); }
export function log(first: i32, last: i32, x: usize, out: usize): void { map(LOG, first, last, x, out); }
export function sqrt(first: i32, last: i32, x: usize, out: usize): void { map(SQRT, first, last, x, out); }
export function rsqrt(first: i32, last: i32, x: usize, out: usize): void { map(RSQRT, first, last, x, out); }
export function square(first: i32, last: i32, x: usize, out: usize): void { map(SQUARE, first, last, x, out); }
export function sigmoid(first: i32, last: i32, x: usize, out: usize): void { map(SIGMOID, first, last, x, out); }

/** Every element becomes `value`. */
export function fill(first: i32, last: i32, value: f32, out: usize): void {
  const v = f32x4.splat(value);
  for (let i = (<usize>first) << 4; i != (<usize>last) << 4; i += 16) v128.store(out + i, v);
}
