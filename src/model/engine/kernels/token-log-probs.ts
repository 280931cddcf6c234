// Log-probability of a target and entropy of softmax(logits·scale), and their gradient, row by row.
//
// With z = logits·scale, p = softmax(z): d log p[target]/dz = onehot - p and dH/dz = -p·(log p + H).

import { at, expNegative1, expNegative4, log1, madd, sumLanes } from './math';
import { rowMax } from './reduce';
import { expRow } from './softmax';

/** Σ e^d and Σ e^d·d of one row, d = (x - largest)·scale: both statistics in one pass. */
let sumExp: f32 = 0, sumWeighted: f32 = 0;

// @ts-ignore: decorator
@inline
function accumulate(n: i32, largest: f32, scale: f32, x: usize): void {
  const shift = f32x4.splat(largest), by = f32x4.splat(scale);
  let sum = f32x4.splat(0), weighted = sum, i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const d = f32x4.mul(f32x4.sub(v128.load(at(x, i)), shift), by), e = expNegative4(d);
    sum = f32x4.add(sum, e);
    weighted = madd(e, d, weighted);
  }
  let total = sumLanes(sum), totalWeighted = sumLanes(weighted);
  for (; i < n; i++) {
    const d = (load<f32>(at(x, i)) - largest) * scale, e = expNegative1(d);
    total += e;
    totalWeighted += e * d;
  }
  sumExp = total;
  sumWeighted = totalWeighted;
}

/** Rows [first, last) of logits [N, n] → out [N, 2]. */
export function tokenLogProbs(first: i32, last: i32, n: i32, scale: f32, logits: usize, targets: usize, out: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), largest = rowMax(n, row);
    accumulate(n, largest, scale, row);
    const logSum = log1(sumExp), target = load<f32>(at(row, load<i32>(at(targets, r))));
    store<f32>(at(out, r * 2), (target - largest) * scale - logSum);
    store<f32>(at(out, r * 2 + 1), logSum - sumWeighted / sumExp);
  }
}

/** x = -p·dLogProb·scale with p = softmax(x·scale), in one pass and a scaling. */
// @ts-ignore: decorator
@inline
function logProbGradient(n: i32, largest: f32, scale: f32, dLogProb: f32, x: usize): void {
  const total = expRow(n, largest, scale, x, x), by = (-dLogProb * scale) / total, b = f32x4.splat(by);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(x, i), f32x4.mul(v128.load(at(x, i)), b));
  for (; i < n; i++) store<f32>(at(x, i), load<f32>(at(x, i)) * by);
}

/** x = -p·(dLogProb + dEntropy·(log p + H))·scale. */
// @ts-ignore: decorator
@inline
function bothGradients(n: i32, largest: f32, scale: f32, dLogProb: f32, dEntropy: f32, x: usize): void {
  accumulate(n, largest, scale, x);
  const entropy = log1(sumExp) - sumWeighted / sumExp, norm = log1(sumExp);
  const base = dLogProb + dEntropy * (entropy - norm), factor = -scale / sumExp;
  const shift = f32x4.splat(largest), by = f32x4.splat(scale), f = f32x4.splat(factor);
  const b = f32x4.splat(base), slope = f32x4.splat(dEntropy);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const d = f32x4.mul(f32x4.sub(v128.load(at(x, i)), shift), by);
    v128.store(at(x, i), f32x4.mul(f32x4.mul(expNegative4(d), f), madd(slope, d, b)));
  }
  for (; i < n; i++) {
    const d = (load<f32>(at(x, i)) - largest) * scale;
    store<f32>(at(x, i), expNegative1(d) * factor * (dEntropy * d + base));
  }
}

/** Rows [first, last) of logits [N, n] become their own gradient, given dy [N, 2]. */
export function tokenLogProbsGradient(first: i32, last: i32, n: i32, scale: f32, logits: usize, targets: usize, dy: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), dLogProb = load<f32>(at(dy, r * 2)), dEntropy = load<f32>(at(dy, r * 2 + 1));
    const largest = rowMax(n, row);
    if (dEntropy == 0) logProbGradient(n, largest, scale, dLogProb, row);
    else bothGradients(n, largest, scale, dLogProb, dEntropy, row);
    const target = at(row, load<i32>(at(targets, r)));
    store<f32>(target, load<f32>(target) + dLogProb * scale);
  }
}
