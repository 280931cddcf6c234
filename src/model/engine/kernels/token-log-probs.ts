// Log-probability of a target and entropy of softmax(logits·scale), and their gradient, row by row.
//
// With z = logits·scale, p = softmax(z): d log p[target]/dz = onehot - p and dH/dz = -p·(log p + H).

import { at, exp1, exp4, log1, madd, sumLanes } from './math';
import { rowMax } from './reduce';

/** ln of the sum of e^(x·scale), given the largest x. */
// @ts-ignore: decorator
@inline
export function logSumExp(n: i32, largest: f32, scale: f32, x: usize): f32 {
  const shift = f32x4.splat(largest), by = f32x4.splat(scale);
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= n; i += 4) sum = f32x4.add(sum, exp4(f32x4.mul(f32x4.sub(v128.load(at(x, i)), shift), by)));
  let total = sumLanes(sum);
  for (; i < n; i++) total += exp1((load<f32>(at(x, i)) - largest) * scale);
  return largest * scale + log1(total);
}

/** -Σ p·log p with log p = x·scale - norm. */
// @ts-ignore: decorator
@inline
export function entropyOf(n: i32, norm: f32, scale: f32, x: usize): f32 {
  const shift = f32x4.splat(norm), by = f32x4.splat(scale);
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const logP = f32x4.sub(f32x4.mul(v128.load(at(x, i)), by), shift);
    sum = madd(exp4(logP), logP, sum);
  }
  let total = sumLanes(sum);
  for (; i < n; i++) {
    const logP = load<f32>(at(x, i)) * scale - norm;
    total += exp1(logP) * logP;
  }
  return -total;
}

/** Rows [first, last) of logits [N, n] → out [N, 2]. */
export function tokenLogProbs(first: i32, last: i32, n: i32, scale: f32, logits: usize, targets: usize, out: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n);
    const norm = logSumExp(n, rowMax(n, row), scale, row);
    store<f32>(at(out, r * 2), load<f32>(at(row, load<i32>(at(targets, r)))) * scale - norm);
    store<f32>(at(out, r * 2 + 1), entropyOf(n, norm, scale, row));
  }
}

/** Rows [first, last) of logits [N, n] become their own gradient, given dy [N, 2]. */
export function tokenLogProbsGradient(first: i32, last: i32, n: i32, scale: f32, logits: usize, targets: usize, dy: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(logits, r * n), dLogProb = load<f32>(at(dy, r * 2)), dEntropy = load<f32>(at(dy, r * 2 + 1));
    const norm = logSumExp(n, rowMax(n, row), scale, row);
    // dz = -p·(dLogProb + dEntropy·(log p + H)) + dLogProb·onehot
    const base = dLogProb + (dEntropy == 0 ? 0 : dEntropy * entropyOf(n, norm, scale, row));
    const shift = f32x4.splat(norm), by = f32x4.splat(scale), b = f32x4.splat(base), d = f32x4.splat(dEntropy);
    let i: i32 = 0;
    for (; i + 4 <= n; i += 4) {
      const logP = f32x4.sub(f32x4.mul(v128.load(at(row, i)), by), shift);
      v128.store(at(row, i), f32x4.neg(f32x4.mul(f32x4.mul(exp4(logP), madd(d, logP, b)), by)));
    }
    for (; i < n; i++) {
      const logP = load<f32>(at(row, i)) * scale - norm;
      store<f32>(at(row, i), -exp1(logP) * (dEntropy * logP + base) * scale);
    }
    const target = at(row, load<i32>(at(targets, r)));
    store<f32>(target, load<f32>(target) + dLogProb * scale);
  }
}
