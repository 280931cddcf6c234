// Choosing a token next to the logits: temperature, top-k, top-p, greedy, as sample-tokens.ts defines them.

import { at, log1, sumLanes } from './math';
import { Sampling } from './model';
import { rowMax } from './reduce';
import { expRow } from './softmax';

/** The sum in order, in float64: what a walk along the weights adds up to. */
function totalOf(n: i32, weights: usize): f64 {
  let sum: f64 = 0;
  for (let i: i32 = 0; i < n; i++) sum += <f64>load<f32>(at(weights, i));
  return sum;
}

/** The first index whose running sum exceeds the target; where rounding leaves none, the last of positive weight. */
function walk(n: i32, weights: usize, target: f64): i32 {
  let sum: f64 = 0;
  for (let i: i32 = 0; i < n; i++) {
    sum += <f64>load<f32>(at(weights, i));
    if (sum > target) return i;
  }
  for (let i = n - 1; i > 0; i--) if (load<f32>(at(weights, i)) > 0) return i;
  return 0;
}

/** How much of the weights lies at or above a threshold: their number, or their sum. */
// @ts-ignore: decorator
@inline
function above(countsOnly: bool, n: i32, weights: usize, threshold: f32): f32 {
  const t = f32x4.splat(threshold), one = f32x4.splat(1);
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const w = v128.load(at(weights, i));
    sum = f32x4.add(sum, v128.and(countsOnly ? one : w, f32x4.ge(w, t)));
  }
  let total = sumLanes(sum);
  for (; i < n; i++) {
    const w = load<f32>(at(weights, i));
    if (w >= threshold) total += countsOnly ? 1 : w;
  }
  return total;
}

/**
 * Zeroes all but the largest weights that together reach `wanted` (in number or sum); among equals the first stay.
 * Weights are from 0 to 1, so their order is that of their bits: the threshold is found by halving.
 */
// @ts-ignore: decorator
@inline
function keepLargest(countsOnly: bool, n: i32, weights: usize, wanted: f32): void {
  let low: i32 = 0, high: i32 = 0x3f800001; // low reaches the goal, high does not
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (above(countsOnly, n, weights, reinterpret<f32>(middle)) >= wanted) low = middle;
    else high = middle;
  }
  const threshold = reinterpret<f32>(low);
  let reached = above(countsOnly, n, weights, reinterpret<f32>(low + 1));
  for (let i: i32 = 0; i < n; i++) {
    const w = load<f32>(at(weights, i));
    if (w > threshold) continue;
    if (w == threshold && reached < wanted) reached += countsOnly ? 1 : w;
    else store<f32>(at(weights, i), 0);
  }
}

function indexOf(n: i32, x: usize, value: f32): i32 {
  for (let i: i32 = 0; i < n; i++) if (load<f32>(at(x, i)) == value) return i;
  return 0;
}

/**
 * Draws from one row of logits [n] with a number in [0, 1); `weights` is scratch of n floats. Returns the token; its
 * log-probabilities before and after truncation are written.
 */
export function sample(
  n: i32, logits: usize, uniform: f32, how: Sampling, weights: usize, outLogProb: usize, outSamplingLogProb: usize,
): i32 {
  const largest = rowMax(n, logits);
  expRow(n, largest, how.scale, logits, weights);
  const total = totalOf(n, weights);
  if (how.isGreedy) {
    store<f32>(outLogProb, -log1(<f32>total)); // the largest weight is 1
    store<f32>(outSamplingLogProb, 0);
    return indexOf(n, logits, largest);
  }
  let mass = total;
  if (how.topK > 0 && how.topK < n) keepLargest(true, n, weights, <f32>how.topK);
  if (how.topP < 1) keepLargest(false, n, weights, above(false, n, weights, 0) * how.topP);
  if ((how.topK > 0 && how.topK < n) || how.topP < 1) mass = totalOf(n, weights);
  const token = walk(n, weights, <f64>uniform * mass);
  const score = (load<f32>(at(logits, token)) - largest) * how.scale;
  store<f32>(outLogProb, score - log1(<f32>total));
  store<f32>(outSamplingLogProb, score - log1(<f32>mass));
  return token;
}
