// Moving values: transposition, slices, concatenation, padding and repetition are all one strided copy; rows by index.

import { at } from './math';

// @ts-ignore: decorator
@inline
function copyRun(n: i32, from: usize, fromStride: i32, to: usize, toStride: i32): void {
  if (fromStride == 1 && toStride == 1) {
    memory.copy(to, from, (<usize>n) << 2);
    return;
  }
  const next = (<usize>fromStride) << 2, step = (<usize>toStride) << 2;
  for (let i: i32 = 0; i < n; i++) {
    store<f32>(to, load<f32>(from));
    from += next;
    to += step;
  }
}

/**
 * Runs [first, last) of a strided copy of n elements each. `axes` is the address of `rank` outer axes, the last one varying
 * fastest, as triples of length, stride in the source, stride in the destination. Without outer axes the range is one of
 * elements of the one run.
 */
export function copyStrided(
  first: i32, last: i32, rank: i32, axes: usize, n: i32, fromStride: i32, toStride: i32, from: usize, to: usize,
): void {
  if (rank == 0) {
    copyRun(last - first, at(from, first * fromStride), fromStride, at(to, first * toStride), toStride);
    return;
  }
  for (let r = first; r < last; r++) {
    let rest = r, fromAt: i32 = 0, toAt: i32 = 0;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const entry = at(axes, axis * 3), length = load<i32>(entry), index = rest % length;
      rest /= length;
      fromAt += index * load<i32>(entry, 4);
      toAt += index * load<i32>(entry, 8);
    }
    copyRun(n, at(from, fromAt), fromStride, at(to, toAt), toStride);
  }
}

/** Rows [first, last) of `out` [N, size] are the rows of `from` that `ids` [N] name. */
export function gatherRows(first: i32, last: i32, size: i32, ids: usize, from: usize, out: usize): void {
  const bytes = (<usize>size) << 2;
  for (let r = first; r < last; r++) memory.copy(at(out, r * size), at(from, load<i32>(at(ids, r)) * size), bytes);
}

/**
 * Columns [first, last) of `out` [V, size] get the rows of `from` [N, size] added where `ids` say. Every thread has its own
 * columns and takes the rows in order, so sums do not depend on the threads.
 */
export function scatterRows(first: i32, last: i32, N: i32, size: i32, ids: usize, from: usize, out: usize): void {
  for (let r: i32 = 0; r < N; r++) {
    const source = at(from, r * size), target = at(out, load<i32>(at(ids, r)) * size);
    let i = first;
    for (; i + 4 <= last; i += 4) {
      v128.store(at(target, i), f32x4.add(v128.load(at(target, i)), v128.load(at(source, i))));
    }
    for (; i < last; i++) store<f32>(at(target, i), load<f32>(at(target, i)) + load<f32>(at(source, i)));
  }
}
