// Matrices of halves, which lie in panels (half.ts), as right operands and as rows of float32.

import { BFLOAT16, Bfloat16, Float16, halfAt, interleaveHigh, interleaveLow, widen1, widenUpper, widenValues } from './half';
import { at } from './math';
import { blockSteps, padded } from './pack';
import { NR } from './tile';

/**
 * As `packPanels`, where the rows of the matrix are the operand's columns: the panels are the same, only wider. Parts of a matrix
 * begin with a panel; steps are NR values apart.
 */
export function widenPanels(
  firstPanel: i32, lastPanel: i32, K: i32, N: i32, b: usize, stepStride: i32, columnStride: i32, precision: i32, out: usize,
): void {
  const total = padded(N), block = blockSteps(K);
  for (let k: i32 = 0; k < K; k += block) {
    const depth = min(block, K - k);
    for (let first = firstPanel * NR; first < lastPanel * NR; first += NR) {
      const from = halfAt(b, k * stepStride + first * columnStride);
      widenValues(precision, depth * NR, from, at(out, k * total + first * depth));
    }
  }
}

/**
 * As `packPanels`, where the rows of the matrix are the operand's steps: NR of them and NR columns, which are NR values apart, are
 * turned at a time.
 */
export function turnPanels(
  firstPanel: i32, lastPanel: i32, K: i32, N: i32, b: usize, stepStride: i32, columnStride: i32, precision: i32, out: usize,
): void {
  const total = padded(N), block = blockSteps(K);
  for (let k: i32 = 0; k < K; k += block) {
    const depth = min(block, K - k);
    for (let first = firstPanel * NR; first < lastPanel * NR; first += NR) {
      const columns = min(NR, N - first), to = at(out, k * total + first * depth);
      if (columns < NR) memory.fill(to, 0, (<usize>(depth * NR)) << 2);
      for (let step: i32 = 0; step < depth; step += NR) {
        const from = halfAt(b, (k + step) * stepStride + first * columnStride);
        turn(precision, min(NR, depth - step), columns, from, at(to, step * NR), NR);
      }
    }
  }
}

/** Panels [first, last) of a matrix [N, K] as rows of float32. */
export function widenRows(first: i32, last: i32, N: i32, K: i32, precision: i32, matrix: usize, out: usize): void {
  for (let row = first * NR; row < min(last * NR, N); row += NR) {
    turn(precision, min(NR, N - row), K, halfAt(matrix, row * K), at(out, row * K), K);
  }
}

/** The first `size` values of `rows` rows of a panel, as rows of float32 that are `apart` values apart. */
function turn(precision: i32, rows: i32, size: i32, panel: usize, out: usize, apart: i32): void {
  if (precision == BFLOAT16) turnPanel<Bfloat16>(rows, size, panel, out, apart);
  else turnPanel<Float16>(rows, size, panel, out, apart);
}

/** Blocks of 8 rows × 4 values are turned as halves, of which twice as many fit a register, and widened afterwards. */
function turnPanel<T>(rows: i32, size: i32, panel: usize, out: usize, apart: i32): void {
  const wholeRows = rows & ~7, wholeSize = size & ~3, next = (<usize>NR) << 1, step = (<usize>apart) << 2;
  for (let k: i32 = 0; k < wholeSize; k += 4) {
    for (let r: i32 = 0; r < wholeRows; r += 8) {
      const p = halfAt(panel, k * NR + r), o = at(out, r * apart + k);
      const k0 = v128.load(p), k1 = v128.load(p + next), k2 = v128.load(p + 2 * next), k3 = v128.load(p + 3 * next);
      const low01 = interleaveLow(k0, k1), high01 = interleaveHigh(k0, k1), low23 = interleaveLow(k2, k3), high23 = interleaveHigh(k2, k3);
      storeRows<T>(v128.shuffle<i32>(low01, low23, 0, 4, 1, 5), o, step);
      storeRows<T>(v128.shuffle<i32>(low01, low23, 2, 6, 3, 7), o + 2 * step, step);
      storeRows<T>(v128.shuffle<i32>(high01, high23, 0, 4, 1, 5), o + 4 * step, step);
      storeRows<T>(v128.shuffle<i32>(high01, high23, 2, 6, 3, 7), o + 6 * step, step);
    }
  }
  turnEach<T>(0, wholeRows, wholeSize, size, panel, out, apart);
  turnEach<T>(wholeRows, rows, 0, size, panel, out, apart);
}

/** Values [firstValue, size) of rows [firstRow, rows). */
// @ts-ignore: decorator
@inline
function turnEach<T>(
  firstRow: i32, rows: i32, firstValue: i32, size: i32, panel: usize, out: usize, apart: i32,
): void {
  for (let r = firstRow; r < rows; r++) {
    for (let k = firstValue; k < size; k++) {
      store<f32>(at(out, r * apart + k), widen1<T>(halfAt(panel, k * NR + r)));
    }
  }
}

/** Four halves of each of two rows become rows of float32, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeRows<T>(halves: v128, o: usize, step: usize): void {
  const zero = i32x4.splat(0);
  v128.store(o, widenUpper<T>(interleaveLow(zero, halves)));
  v128.store(o + step, widenUpper<T>(interleaveHigh(zero, halves)));
}
