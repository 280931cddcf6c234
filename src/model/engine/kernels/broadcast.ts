// Functions of two arrays with broadcasting: an operand's stride is 0 along an axis on which it repeats.

import { at } from './math';

const ADD: i32 = 0, SUB: i32 = 1, MUL: i32 = 2, DIV: i32 = 3, MAX: i32 = 4, MIN: i32 = 5;

// @ts-ignore: decorator
@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUB) return f32x4.sub(a, b);
  if (op == MUL) return f32x4.mul(a, b);
  if (op == DIV) return f32x4.div(a, b);
  if (op == MAX) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

/** One run of n elements; each operand is adjacent (stride 1) or constant (stride 0). */
// @ts-ignore: decorator
@inline
function run(op: i32, n: i32, a: usize, aStride: i32, b: usize, bStride: i32, out: usize): void {
  let i: i32 = 0;
  if (aStride == 1 && bStride == 1) {
    for (; i + 4 <= n; i += 4) v128.store(at(out, i), apply(op, v128.load(at(a, i)), v128.load(at(b, i))));
  } else if (aStride == 1) {
    const y = v128.load32_splat(b);
    for (; i + 4 <= n; i += 4) v128.store(at(out, i), apply(op, v128.load(at(a, i)), y));
  } else {
    const x = v128.load32_splat(a);
    for (; i + 4 <= n; i += 4) v128.store(at(out, i), apply(op, x, bStride ? v128.load(at(b, i)) : v128.load32_splat(b)));
  }
  for (; i < n; i++) {
    const x = v128.load32_splat(at(a, i * aStride)), y = v128.load32_splat(at(b, i * bStride));
    store<f32>(at(out, i), f32x4.extract_lane(apply(op, x, y), 0));
  }
}

/**
 * Runs [first, last): the output [outer..., n] is adjacent. `axes` is the address of `rank` outer axes, the last one varying
 * fastest, as triples of length, stride in a, stride in b. Without outer axes the range is one of elements of the one run.
 */
// @ts-ignore: decorator
@inline
function runs(
  op: i32, first: i32, last: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize,
): void {
  if (rank == 0) {
    run(op, last - first, at(a, first * aStride), aStride, at(b, first * bStride), bStride, at(out, first));
    return;
  }
  for (let r = first; r < last; r++) {
    let rest = r, aAt: i32 = 0, bAt: i32 = 0;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const entry = at(axes, axis * 3), length = load<i32>(entry), index = rest % length;
      rest /= length;
      aAt += index * load<i32>(entry, 4);
      bAt += index * load<i32>(entry, 8);
    }
    run(op, n, at(a, aAt), aStride, at(b, bAt), bStride, at(out, r * n));
  }
}

export function add(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(ADD, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
export function sub(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(SUB, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
export function mul(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(MUL, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
export function div(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(DIV, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
export function maximum(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(MAX, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
export function minimum(f: i32, l: i32, rank: i32, axes: usize, n: i32, aStride: i32, bStride: i32, a: usize, b: usize, out: usize): void {
  runs(MIN, f, l, rank, axes, n, aStride, bStride, a, b, out);
}
