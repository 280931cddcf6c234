// Causal attention over whole sequences and its gradient. Scores exist for one block of queries at a time.
//
// q, dq, o [B, T, H, E]; k, v, dk, dv [B, T, K, E]: rows of a head are H·E or K·E apart. Query head h reads key/value head
// h·K/H. starts [B, T] is the first position that each position sees, 0: all see from the beginning. Beside what is from its
// start on, a position sees the first prefixes [B] positions of its row, 0: none. The gradient computes the weights again
// instead of keeping [B, H, T, T].

import { multiply, multiplyScratch } from './gemm';
import { at, madd, sumLanes } from './math';
import { softmaxRow } from './softmax';
import { scratchOf } from './thread';

/** Queries whose scores are held at a time. */
const ROWS: i32 = 60;

/** Bytes of scratch a thread needs: products, and scores (and their gradient) of one block. */
export function attentionScratch(T: i32, E: i32): usize {
  return max(multiplyScratch(T, max(E, ROWS)), multiplyScratch(E, T)) + ((<usize>(2 * ROWS * apartOf(T) + 64)) << 2);
}

/** The first position that position t of a batch row sees. */
// @ts-ignore: decorator
@inline
function startOf(starts: usize, row: i32, T: i32, t: i32): i32 {
  return starts ? load<i32>(at(starts, row * T + t)) : 0;
}

/** How many of a batch row's first positions all see. */
// @ts-ignore: decorator
@inline
function prefixOf(prefixes: usize, row: i32): i32 {
  return prefixes ? load<i32>(at(prefixes, row)) : 0;
}

/** Scores that are not seen; e to the power of their distance from any other is 0. */
const HIDDEN: f32 = -1e30;

/** How far apart rows of scores are: whole vectors. */
// @ts-ignore: decorator
@inline
function apartOf(seen: i32): i32 {
  return (seen + 3) & ~3;
}

// @ts-ignore: decorator
@inline
function hide(row: usize, first: i32, last: i32): void {
  for (let i = first; i < last; i++) store<f32>(at(row, i), HIDDEN);
}

/** Whole vectors [first, last) become 0. Filling memory is a call that takes longer. */
// @ts-ignore: decorator
@inline
function clear(row: usize, first: i32, last: i32): void {
  for (let i = first; i < last; i += 4) v128.store(at(row, i), f32x4.splat(0));
}

/**
 * Weights [rows, seen] of queries t0 to t0 + rows over `seen` positions from `from` on, k at `from` already; what a query
 * does not see is 0.
 */
// @ts-ignore: decorator
@inline
function weights(
  starts: usize, prefix: i32, batch: i32, T: i32, t0: i32, rows: i32, from: i32, seen: i32, E: i32,
  q: usize, qStride: i32, k: usize, kStride: i32, out: usize, scratch: usize,
): void {
  const apart = apartOf(seen), scale: f32 = 1.0 / sqrt<f32>(<f32>E);
  multiply(rows, seen, E, at(q, t0 * qStride), qStride, 1, k, 1, kStride, out, apart, 0, scratch);
  for (let r: i32 = 0; r < rows; r++) {
    const row = at(out, r * apart), visible = t0 + r + 1 - from;
    let first = startOf(starts, batch, T, t0 + r) - from;
    if (prefix > 0) {
      hide(row, prefix, first);
      first = 0;
    }
    const begin = first & ~3, end = apartOf(visible);
    hide(row, begin, first);
    hide(row, visible, end);
    softmaxRow(end - begin, scale, at(row, begin), at(row, begin));
    clear(row, 0, begin);
    clear(row, end, apart);
  }
}

/** Heads [first, last) of B·H. */
export function attention(
  first: i32, last: i32, scratch: usize, stride: usize, T: i32, H: i32, K: i32, E: i32, starts: usize, prefixes: usize,
  q: usize, k: usize, v: usize, out: usize,
): void {
  const scores = scratchOf(scratch, stride), rest = at(scores, 2 * ROWS * apartOf(T) + 64);
  for (let i = first; i < last; i++) {
    const b = i / H, h = i % H, from = (b * T * H + h) * E, shared = (b * T * K + (h * K) / H) * E;
    const prefix = prefixOf(prefixes, b);
    for (let t: i32 = 0; t < T; t += ROWS) {
      const rows = min(ROWS, T - t), start = prefix > 0 ? 0 : startOf(starts, b, T, t);
      const seen = t + rows - start, past = shared + start * K * E;
      weights(starts, prefix, b, T, t, rows, start, seen, E, at(q, from), H * E, at(k, past), K * E, scores, rest);
      multiply(rows, E, seen, scores, apartOf(seen), 1, at(v, past), K * E, 1, at(out, from + t * H * E), H * E, 0, rest);
    }
  }
}

/** dP becomes dScore = P·(dP - Σ P·dP)·scale, row by row. */
// @ts-ignore: decorator
@inline
function scoreGradient(rows: i32, n: i32, apart: i32, scale: f32, p: usize, dp: usize): void {
  for (let r: i32 = 0; r < rows; r++) {
    const x = at(p, r * apart), y = at(dp, r * apart);
    let sum = f32x4.splat(0), i: i32 = 0;
    for (; i + 4 <= n; i += 4) sum = madd(v128.load(at(x, i)), v128.load(at(y, i)), sum);
    let total = sumLanes(sum);
    for (; i < n; i++) total += load<f32>(at(x, i)) * load<f32>(at(y, i));
    const mean = f32x4.splat(total), by = f32x4.splat(scale);
    for (i = 0; i + 4 <= n; i += 4) {
      const d = f32x4.sub(v128.load(at(y, i)), mean);
      v128.store(at(y, i), f32x4.mul(f32x4.mul(v128.load(at(x, i)), d), by));
    }
    for (; i < n; i++) store<f32>(at(y, i), load<f32>(at(x, i)) * (load<f32>(at(y, i)) - total) * scale);
  }
}

/** Key/value heads [first, last) of B·K with the query heads that read them; dk and dv must be zero before. */
export function attentionGradient(
  first: i32, last: i32, scratch: usize, stride: usize, T: i32, H: i32, K: i32, E: i32, starts: usize, prefixes: usize,
  q: usize, k: usize, v: usize, dy: usize, dq: usize, dk: usize, dv: usize,
): void {
  const p = scratchOf(scratch, stride), dp = at(p, ROWS * apartOf(T)), rest = at(p, 2 * ROWS * apartOf(T) + 64);
  const group = H / K, qs = H * E, ks = K * E;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>E);
  for (let i = first; i < last; i++) {
    const b = i / K, shared = (b * T * K + (i % K)) * E, prefix = prefixOf(prefixes, b);
    for (let h: i32 = 0; h < group; h++) {
      const from = (b * T * H + (i % K) * group + h) * E;
      for (let t: i32 = 0; t < T; t += ROWS) {
        const rows = min(ROWS, T - t), start = prefix > 0 ? 0 : startOf(starts, b, T, t);
        const seen = t + rows - start, here = from + t * qs;
        const past = shared + start * ks, apart = apartOf(seen);
        const keys = at(k, past), values = at(v, past), dKeys = at(dk, past), dValues = at(dv, past);
        weights(starts, prefix, b, T, t, rows, start, seen, E, at(q, from), qs, keys, ks, p, rest);
        multiply(rows, seen, E, at(dy, here), qs, 1, values, 1, ks, dp, apart, 0, rest);
        multiply(seen, E, rows, p, 1, apart, at(dy, here), qs, 1, dValues, ks, 1, rest);
        scoreGradient(rows, seen, apart, scale, p, dp);
        multiply(rows, E, seen, dp, apart, 1, keys, ks, 1, at(dq, here), qs, 0, rest);
        multiply(seen, E, rows, dp, 1, apart, at(q, here), qs, 1, dKeys, ks, 1, rest);
      }
    }
  }
}
