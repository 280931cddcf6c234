// Choosing a token next to the logits: penalty, temperature, top-k, top-p, min-p, greedy, as sample-tokens.ts defines them.

import { at, log1, sumLanes } from './math';
import { Sampling } from './model';
import { rowMax } from './reduce';
import { expRow } from './softmax';

/** Weights that are added up by themselves: a walk passes them over at once. */
const BLOCK: i32 = 256;

/** The sum of weights [first, last), in float64 by four lanes, or one addition would wait for the other. */
function sumOf(first: i32, last: i32, weights: usize): f64 {
  let low = f64x2.splat(0), high = low, i = first;
  for (; i + 4 <= last; i += 4) {
    const four = v128.load(at(weights, i));
    low = f64x2.add(low, f64x2.promote_low_f32x4(four));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0)));
  }
  const sums = f64x2.add(low, high);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; i < last; i++) sum += <f64>load<f32>(at(weights, i));
  return sum;
}

/** What a walk along the weights adds up to. */
function totalOf(n: i32, weights: usize): f64 {
  let sum: f64 = 0;
  for (let start: i32 = 0; start < n; start += BLOCK) sum += sumOf(start, min(n, start + BLOCK), weights);
  return sum;
}

/** The first index whose running sum exceeds the target; where rounding leaves none, the last of positive weight. */
function walk(n: i32, weights: usize, target: f64): i32 {
  let sum: f64 = 0, start: i32 = 0;
  for (; start + BLOCK < n; start += BLOCK) {
    const more = sumOf(start, start + BLOCK, weights);
    if (sum + more > target) break;
    sum += more;
  }
  const end = min(n, start + BLOCK);
  for (let i = start; i < end; i++) {
    sum += <f64>load<f32>(at(weights, i));
    if (sum > target) return i;
  }
  for (let i = end - 1; i > 0; i--) if (load<f32>(at(weights, i)) > 0) return i;
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

/** A logit as the penalty leaves it, where its token has been seen; seen 0: no penalty. */
// @ts-ignore: decorator
@inline
function penalised(seen: usize, token: i32, penalty: f32, logit: f32): f32 {
  if (!seen || !((load<i32>(at(seen, token >> 5)) >> (token & 31)) & 1)) return logit;
  return logit < 0 ? logit * penalty : logit / penalty;
}

/** Copies a row of logits, penalised where their tokens have been seen. */
function penalise(n: i32, logits: usize, seen: usize, penalty: f32, out: usize): void {
  memory.copy(out, logits, (<usize>n) << 2);
  for (let word: i32 = 0; word < n; word += 32) {
    if (!load<i32>(at(seen, word >> 5))) continue;
    for (let i = word; i < min(n, word + 32); i++) {
      store<f32>(at(out, i), penalised(seen, i, penalty, load<f32>(at(logits, i))));
    }
  }
}

/** Zeroes weights below a threshold. */
function dropBelow(n: i32, weights: usize, threshold: f32): void {
  for (let i: i32 = 0; i < n; i++) if (load<f32>(at(weights, i)) < threshold) store<f32>(at(weights, i), 0);
}

/**
 * Draws from one row of logits [n] with a number in [0, 1); `seen` has the bits of tokens to be penalised, 0: none;
 * `weights` is scratch of n floats. Returns the token; its log-probabilities under the model and under what it was drawn
 * from are written.
 */
export function sample(
  n: i32, logits: usize, uniform: f32, how: Sampling, seen: usize, weights: usize,
  outLogProb: usize, outSamplingLogProb: usize,
): i32 {
  const plainLargest = rowMax(n, logits);
  expRow(n, plainLargest, how.scale, logits, weights);
  const plainTotal = totalOf(n, weights);
  let largest = plainLargest, total = plainTotal;
  if (seen) {
    penalise(n, logits, seen, how.penalty, weights);
    largest = rowMax(n, weights);
    if (!how.isGreedy) {
      expRow(n, largest, how.scale, weights, weights);
      total = totalOf(n, weights);
    }
  }
  let token: i32, mass = total;
  if (how.isGreedy) {
    token = indexOf(n, seen ? weights : logits, largest);
  } else {
    if (how.topK > 0 && how.topK < n) keepLargest(true, n, weights, <f32>how.topK);
    if (how.topP < 1) keepLargest(false, n, weights, above(false, n, weights, 0) * how.topP);
    if (how.minP > 0) dropBelow(n, weights, how.minP); // the largest weight is 1
    if ((how.topK > 0 && how.topK < n) || how.topP < 1 || how.minP > 0) mass = totalOf(n, weights);
    token = walk(n, weights, <f64>uniform * mass);
  }
  const logit = load<f32>(at(logits, token));
  const drawn = (penalised(seen, token, how.penalty, logit) - largest) * how.scale;
  store<f32>(outLogProb, (logit - plainLargest) * how.scale - log1(<f32>plainTotal));
  store<f32>(outSamplingLogProb, how.isGreedy ? 0 : drawn - log1(<f32>mass));
  return token;
}
