// Log-probability of a target and entropy of softmax(logits·scale), and their gradient, row by row; a part of the
// vocabulary at a time, as Milakov and Gimelshein (arXiv 1805.02867) take softmax.
//
// With z = logits·scale, p = softmax(z): d log p[target]/dz = onehot - p and dH/dz = -p·(log p + H).

import { at, expNegative1, expNegative4, log1, madd, sumLanes } from './math';
import { rowMax } from './reduce';
import { scaleRow } from './softmax';
import { scratchOf } from './thread';

/** What is known of a row's logits so far. With d = (logit - largest)·scale: */
@unmanaged
class Statistics {
  largest: f32;
  sumExp: f32; // Σ e^d
  sumWeighted: f32; // Σ e^d·d
  target: f32; // the target's logit
}

// @ts-ignore: decorator
@inline
function statisticsOf(statistics: usize, row: i32): Statistics {
  return changetype<Statistics>(statistics + <usize>row * offsetof<Statistics>());
}

/** Σ e^d and Σ e^d·d of one row: both sums in one pass. */
let sumExp: f32 = 0, sumWeighted: f32 = 0;

/**
 * The logits become the e^d if `keeps`. Otherwise these go to eight floats at `unread`, which nobody reads: the runtime of the
 * `wide` variant takes two vectors as one only where they are stored.
 */
// @ts-ignore: decorator
@inline
function accumulate(n: i32, largest: f32, scale: f32, x: usize, keeps: boolean, unread: usize): void {
  const shift = f32x4.splat(largest), by = f32x4.splat(scale), pairs = n & ~7;
  const step: usize = keeps ? 32 : 0;
  let low = f32x4.splat(0), high = low, lowWeighted = low, highWeighted = low, i: i32 = 0, to = keeps ? x : unread;
  if (pairs > 0) {
    do {
      const from = at(x, i);
      const d0 = f32x4.mul(f32x4.sub(v128.load(from), shift), by);
      const d1 = f32x4.mul(f32x4.sub(v128.load(from, 16), shift), by);
      const e0 = expNegative4(d0), e1 = expNegative4(d1);
      v128.store(to, e0);
      v128.store(to, e1, 16);
      to += step;
      low = f32x4.add(low, e0);
      high = f32x4.add(high, e1);
      lowWeighted = madd(e0, d0, lowWeighted);
      highWeighted = madd(e1, d1, highWeighted);
      i += 8;
    } while (i < pairs);
  }
  let total = sumLanes(f32x4.add(low, high)), totalWeighted = sumLanes(f32x4.add(lowWeighted, highWeighted));
  for (; i < n; i++) {
    const d = (load<f32>(at(x, i)) - largest) * scale, e = expNegative1(d);
    total += e;
    totalWeighted += e * d;
    if (keeps) store<f32>(at(x, i), e);
  }
  sumExp = total;
  sumWeighted = totalWeighted;
}

/**
 * Rows [first, last) of logits [N, n], columns from number `start` on of all, go into the statistics [N]; those of 0 begin them.
 *
 * `sums` [N, size], if any, are sums of the head's rows by their e^d: where the largest logit grows they are made to fit it, and
 * the logits become their e^d, by which this part's rows are to be added.
 */
export function addLogits(
  first: i32, last: i32, scratch: usize, stride: usize, n: i32, start: i32, scale: f32, logits: usize, targets: usize,
  statistics: usize, size: i32, sums: usize,
): void {
  const unread = scratchOf(scratch, stride), keeps = sums != 0;
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), all = statisticsOf(statistics, r), target = load<i32>(at(targets, r)) - start;
    if (target >= 0 && target < n) all.target = load<f32>(at(row, target));
    const before = all.largest, largest = start > 0 ? max(before, rowMax(n, row)) : rowMax(n, row);
    accumulate(n, largest, scale, row, keeps, unread);
    if (start > 0) {
      const d = (before - largest) * scale, e = expNegative1(d);
      sumWeighted += e * (all.sumWeighted + all.sumExp * d);
      sumExp += e * all.sumExp;
      if (keeps && d < 0) scaleRow(size, e, at(sums, r * size));
    }
    all.largest = largest;
    all.sumExp = sumExp;
    all.sumWeighted = sumWeighted;
  }
}

/** Rows [first, last) of statistics [N] → out [N, 2]: log-probability of the target, and entropy. */
export function tokenLogProbs(first: i32, last: i32, scale: f32, statistics: usize, out: usize): void {
  for (let r = first; r < last; r++) {
    const all = statisticsOf(statistics, r), logSum = log1(all.sumExp);
    store<f32>(at(out, r * 2), (all.target - all.largest) * scale - logSum);
    store<f32>(at(out, r * 2 + 1), logSum - all.sumWeighted / all.sumExp);
  }
}

/** Rows [first, last) of x [N, size] lose the mean that their `sums` [N, size] come to. */
export function subtractMean(first: i32, last: i32, size: i32, statistics: usize, sums: usize, x: usize): void {
  for (let r = first; r < last; r++) {
    const share = <f32>1 / statisticsOf(statistics, r).sumExp, by = f32x4.splat(share);
    const row = at(x, r * size), sum = at(sums, r * size);
    let i: i32 = 0;
    for (; i + 4 <= size; i += 4) {
      v128.store(at(row, i), f32x4.sub(v128.load(at(row, i)), f32x4.mul(v128.load(at(sum, i)), by)));
    }
    for (; i < size; i++) store<f32>(at(row, i), load<f32>(at(row, i)) - load<f32>(at(sum, i)) * share);
  }
}

/** x = -p·(dLogProb + dEntropy·(log p + H))·scale. */
// @ts-ignore: decorator
@inline
function gradientRow(n: i32, all: Statistics, scale: f32, dLogProb: f32, dEntropy: f32, x: usize): void {
  const base = dLogProb - dEntropy * (all.sumWeighted / all.sumExp), factor = -scale / all.sumExp;
  const shift = f32x4.splat(all.largest), by = f32x4.splat(scale), f = f32x4.splat(factor);
  const b = f32x4.splat(base), slope = f32x4.splat(dEntropy);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const d = f32x4.mul(f32x4.sub(v128.load(at(x, i)), shift), by);
    v128.store(at(x, i), f32x4.mul(f32x4.mul(expNegative4(d), f), madd(slope, d, b)));
  }
  for (; i < n; i++) {
    const d = (load<f32>(at(x, i)) - all.largest) * scale;
    store<f32>(at(x, i), expNegative1(d) * factor * (dEntropy * d + base));
  }
}

/** Rows [first, last) of logits [N, n], as for `addLogits`, become their own gradient, given the statistics of all and dy [N, 2]. */
export function logitsGradient(
  first: i32, last: i32, n: i32, start: i32, scale: f32, logits: usize, targets: usize, statistics: usize, dy: usize,
): void {
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), dLogProb = load<f32>(at(dy, r * 2)), target = load<i32>(at(targets, r)) - start;
    gradientRow(n, statisticsOf(statistics, r), scale, dLogProb, load<f32>(at(dy, r * 2 + 1)), row);
    if (target >= 0 && target < n) store<f32>(at(row, target), load<f32>(at(row, target)) + dLogProb * scale);
  }
}
