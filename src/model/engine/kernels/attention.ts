// Causal attention over whole sequences and its gradient. Scores exist for one block of queries at a time.
//
// q, dq, o [B, T, H, E]; k, v, dk, dv [B, T, K, E]: rows of a head are H·E or K·E apart. Query head h reads key/value head
// h·K/H. starts [B, T] is the first position that each position sees, 0: all see from the beginning. Beside what is from its
// start on, a position sees the first prefixes [B] positions of its row, 0: none. The gradient computes the weights again
// instead of keeping [B, H, T, T].

import { multiply, multiplyPacked, multiplyScratch } from './gemm';
import { at, madd, sumLanes } from './math';
import { packPanels, padded } from './pack';
import { softmaxRow } from './softmax';
import { scratchOf } from './thread';
import { NR } from './tile';

/** Queries whose scores are held at a time. */
const ROWS: i32 = 24;

/** Bytes of scratch a thread needs: scores (and their gradient) of one block, a head's keys and values repacked, and products. */
export function attentionScratch(T: i32, E: i32): usize {
  return ((<usize>(2 * ROWS * padded(T) + 2 * E * padded(T) + T * padded(E) + 64)) << 2) + multiplyScratch(E, ROWS);
}

/** Repacks a head [T, E] with rows `stride` apart as the right operand whose columns are positions. */
// @ts-ignore: decorator
@inline
function packAcross(T: i32, E: i32, head: usize, stride: i32, out: usize): void {
  packPanels(0, padded(T) / NR, E, T, head, 1, stride, out);
}

/** `rows` rows [rows, E] times what `packAcross` made, for positions from `from` on: whole panels, with zeros after the last position. */
// @ts-ignore: decorator
@inline
function multiplyAcross(
  rows: i32, from: i32, seen: i32, T: i32, E: i32, x: usize, stride: i32, packed: usize, out: usize, scratch: usize,
): void {
  const n = padded(seen);
  multiplyPacked(0, rows, from, from + n, T, E, x, stride, 1, packed, at(out, -from), n, 0, scratch);
}

/** Repacks a head as the right operand whose steps are positions: each panel by itself, so that one can begin at any position. */
// @ts-ignore: decorator
@inline
function packAlong(T: i32, E: i32, head: usize, stride: i32, out: usize): void {
  for (let e: i32 = 0; e < E; e += NR) packPanels(0, 1, T, min(NR, E - e), at(head, e), stride, 1, at(out, e * T));
}

/** Scores [rows, seen] times what `packAlong` made, for positions from `from` on. */
// @ts-ignore: decorator
@inline
function multiplyAlong(
  rows: i32, from: i32, seen: i32, T: i32, E: i32, scores: usize, packed: usize, out: usize, stride: i32, scratch: usize,
): void {
  for (let e: i32 = 0; e < E; e += NR) {
    const panel = at(packed, e * T + from * NR), n = min(NR, E - e);
    multiplyPacked(0, rows, 0, n, n, seen, scores, padded(seen), 1, panel, at(out, e), stride, 0, scratch);
  }
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

/** Up to whole vectors. */
// @ts-ignore: decorator
@inline
function wholeVectors(count: i32): i32 {
  return (count + 3) & ~3;
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

// @ts-ignore: decorator
@inline
function clearHead(T: i32, E: i32, head: usize, stride: i32): void {
  const whole = E & ~3;
  for (let t: i32 = 0; t < T; t++) {
    const row = at(head, t * stride);
    clear(row, 0, whole);
    for (let e = whole; e < E; e++) store<f32>(at(row, e), 0);
  }
}

/** Where the positions begin that a block of queries from t on sees, at the beginning of a panel. */
// @ts-ignore: decorator
@inline
function beginOf(starts: usize, prefix: i32, batch: i32, T: i32, t: i32): i32 {
  return prefix > 0 ? 0 : (startOf(starts, batch, T, t) / NR) * NR;
}

/**
 * Weights [rows, seen] of queries t0 to t0 + rows over `seen` positions from `from` on, `keys` repacked by `packAcross`; what a
 * query does not see is 0. Rows lie padded(seen) apart.
 */
// @ts-ignore: decorator
@inline
function weights(
  starts: usize, prefix: i32, batch: i32, T: i32, t0: i32, rows: i32, from: i32, seen: i32, E: i32,
  q: usize, stride: i32, keys: usize, out: usize, scratch: usize,
): void {
  const scale: f32 = 1.0 / sqrt<f32>(<f32>E);
  multiplyAcross(rows, from, seen, T, E, q, stride, keys, out, scratch);
  for (let r: i32 = 0; r < rows; r++) {
    const row = at(out, r * padded(seen)), visible = t0 + r + 1 - from;
    let first = startOf(starts, batch, T, t0 + r) - from;
    if (prefix > 0) {
      hide(row, prefix, first);
      first = 0;
    }
    const begin = first & ~3, end = wholeVectors(visible);
    hide(row, begin, first);
    hide(row, visible, end);
    softmaxRow(end - begin, scale, at(row, begin), at(row, begin));
    clear(row, 0, begin);
    clear(row, end, wholeVectors(seen));
  }
}

/** Heads [first, last) of B·H. */
export function attention(
  first: i32, last: i32, scratch: usize, stride: usize, T: i32, H: i32, K: i32, E: i32, starts: usize, prefixes: usize,
  q: usize, k: usize, v: usize, out: usize,
): void {
  const p = scratchOf(scratch, stride), keys = at(p, ROWS * padded(T)), values = at(keys, E * padded(T));
  const rest = at(values, T * padded(E)), qs = H * E, ks = K * E;
  for (let i = first; i < last; i++) {
    const b = i / H, h = i % H, head = b * T * qs + h * E, shared = b * T * ks + ((h * K) / H) * E;
    const prefix = prefixOf(prefixes, b);
    packAcross(T, E, at(k, shared), ks, keys);
    packAlong(T, E, at(v, shared), ks, values);
    for (let t: i32 = 0; t < T; t += ROWS) {
      const rows = min(ROWS, T - t), from = beginOf(starts, prefix, b, T, t), seen = t + rows - from, here = head + t * qs;
      weights(starts, prefix, b, T, t, rows, from, seen, E, at(q, here), qs, keys, p, rest);
      multiplyAlong(rows, from, seen, T, E, p, values, at(out, here), qs, rest);
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

/** Key/value heads [first, last) of B·K with the query heads that read them. */
export function attentionGradient(
  first: i32, last: i32, scratch: usize, stride: usize, T: i32, H: i32, K: i32, E: i32, starts: usize, prefixes: usize,
  q: usize, k: usize, v: usize, dy: usize, dq: usize, dk: usize, dv: usize,
): void {
  const p = scratchOf(scratch, stride), dp = at(p, ROWS * padded(T)), keysAcross = at(dp, ROWS * padded(T));
  const valuesAcross = at(keysAcross, E * padded(T)), keysAlong = at(valuesAcross, E * padded(T));
  const rest = at(keysAlong, T * padded(E)), group = H / K, qs = H * E, ks = K * E;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>E);
  for (let i = first; i < last; i++) {
    const b = i / K, shared = b * T * ks + (i % K) * E, prefix = prefixOf(prefixes, b);
    packAcross(T, E, at(k, shared), ks, keysAcross);
    packAcross(T, E, at(v, shared), ks, valuesAcross);
    packAlong(T, E, at(k, shared), ks, keysAlong);
    clearHead(T, E, at(dk, shared), ks);
    clearHead(T, E, at(dv, shared), ks);
    for (let h: i32 = 0; h < group; h++) {
      const head = b * T * qs + ((i % K) * group + h) * E;
      for (let t: i32 = 0; t < T; t += ROWS) {
        const rows = min(ROWS, T - t), from = beginOf(starts, prefix, b, T, t), seen = t + rows - from;
        const here = head + t * qs, past = shared + from * ks, apart = padded(seen);
        weights(starts, prefix, b, T, t, rows, from, seen, E, at(q, here), qs, keysAcross, p, rest);
        multiplyAcross(rows, from, seen, T, E, at(dy, here), qs, valuesAcross, dp, rest);
        multiply(seen, E, rows, p, 1, apart, at(dy, here), qs, 1, at(dv, past), ks, 1, rest);
        scoreGradient(rows, seen, apart, scale, p, dp);
        multiplyAlong(rows, from, seen, T, E, dp, keysAlong, at(dq, here), qs, rest);
        multiply(seen, E, rows, dp, 1, apart, at(q, here), qs, 1, at(dk, past), ks, 1, rest);
      }
    }
  }
}
