// Log-probability of a target and entropy of softmax(logits·scale), and their gradient, row by row; a part of the
// vocabulary at a time, as Milakov and Gimelshein (arXiv 1805.02867) take softmax.
//
// With z = logits·scale, p = softmax(z): d log p[target]/dz = onehot - p and dH/dz = -p·(log p + H).

import { at, expNegative1, expNegative4, log1, madd, sumLanes } from './math';
import { rowMax } from './reduce';
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
 * The runtime of the `wide` variant takes two vectors as one only where they are stored: so they are, in eight floats at `unread`,
 * which nobody reads.
 */
// @ts-ignore: decorator
@inline
function accumulate(n: i32, largest: f32, scale: f32, x: usize, unread: usize): void {
  const shift = f32x4.splat(largest), by = f32x4.splat(scale), pairs = n & ~7;
  let low = f32x4.splat(0), high = low, lowWeighted = low, highWeighted = low, i: i32 = 0;
  if (pairs > 0) {
    do {
      const from = at(x, i);
      const d0 = f32x4.mul(f32x4.sub(v128.load(from), shift), by);
      const d1 = f32x4.mul(f32x4.sub(v128.load(from, 16), shift), by);
      const e0 = expNegative4(d0), e1 = expNegative4(d1);
      v128.store(unread, e0);
      v128.store(unread, e1, 16);
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
  }
  sumExp = total;
  sumWeighted = totalWeighted;
}

/** The sums as they are when the largest logit is not `from` but `to`. */
// @ts-ignore: decorator
@inline
function relate(from: f32, to: f32, scale: f32): void {
  const d = (from - to) * scale, e = expNegative1(d);
  sumWeighted = e * (sumWeighted + sumExp * d);
  sumExp *= e;
}

/** Rows [first, last) of logits [N, n], columns from number `start` on of all, go into the statistics [N]; those of 0 begin them. */
export function addLogits(
  first: i32, last: i32, scratch: usize, stride: usize, n: i32, start: i32, scale: f32, logits: usize, targets: usize,
  statistics: usize,
): void {
  const unread = scratchOf(scratch, stride);
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), all = statisticsOf(statistics, r), target = load<i32>(at(targets, r)) - start;
    let largest = rowMax(n, row);
    accumulate(n, largest, scale, row, unread);
    if (start > 0) {
      const before = all.largest;
      if (before > largest) {
        relate(largest, before, scale);
        sumExp += all.sumExp;
        sumWeighted += all.sumWeighted;
        largest = before;
      } else {
        const addedExp = sumExp, addedWeighted = sumWeighted;
        sumExp = all.sumExp;
        sumWeighted = all.sumWeighted;
        relate(before, largest, scale);
        sumExp += addedExp;
        sumWeighted += addedWeighted;
      }
    }
    all.largest = largest;
    all.sumExp = sumExp;
    all.sumWeighted = sumWeighted;
    if (target >= 0 && target < n) all.target = load<f32>(at(row, target));
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
