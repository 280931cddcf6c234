// Attention of single queries over a cache. Keys lie transposed, [E][length], so that a score is a lane and no sum across
// lanes is needed; values lie as [length][E].

import { at, madd } from './math';
import { Model } from './model';
import { softmaxRow } from './softmax';

/** scores[t] = q·key[t] for t from `first`, a multiple of 16, to `count`, rounded up to 16. */
// @ts-ignore: decorator
@inline
function scoresOf(first: i32, count: i32, size: i32, length: i32, q: usize, keys: usize, scores: usize): void {
  for (let t: i32 = first; t < count; t += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let key = at(keys, t);
    for (let e: i32 = 0; e < size; e++) {
      const x = v128.load32_splat(at(q, e));
      s0 = madd(x, v128.load(key), s0);
      s1 = madd(x, v128.load(key, 16), s1);
      s2 = madd(x, v128.load(key, 32), s2);
      s3 = madd(x, v128.load(key, 48), s3);
      key = at(key, length);
    }
    const to = at(scores, t);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
}

/** out [E] = Σ weights[t]·value[t] for t < count. */
// @ts-ignore: decorator
@inline
function mix(count: i32, size: i32, weights: usize, values: usize, out: usize): void {
  let e: i32 = 0;
  for (; e + 16 <= size; e += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let value = at(values, e);
    for (let t: i32 = 0; t < count; t++) {
      const w = v128.load32_splat(at(weights, t));
      s0 = madd(w, v128.load(value), s0);
      s1 = madd(w, v128.load(value, 16), s1);
      s2 = madd(w, v128.load(value, 32), s2);
      s3 = madd(w, v128.load(value, 48), s3);
      value = at(value, size);
    }
    const to = at(out, e);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; e < size; e++) {
    let sum: f32 = 0;
    for (let t: i32 = 0; t < count; t++) sum += load<f32>(at(weights, t)) * load<f32>(at(values, t * size + e));
    store<f32>(at(out, e), sum);
  }
}

/** Puts one position's keys and values [K, E] into a sequence's cache. */
// @ts-ignore: decorator
@inline
export function remember(model: Model, layer: i32, slot: i32, position: i32, k: usize, v: usize): void {
  const size = model.headSize, floats = model.headFloats();
  for (let head: i32 = 0; head < model.keyValueHeads; head++) {
    const from = model.slotAt(layer, slot) + head * floats;
    for (let e: i32 = 0; e < size; e++) {
      store<f32>(at(model.keys, from + e * model.length + position), load<f32>(at(k, head * size + e)));
    }
    memory.copy(at(model.values, from + position * size), at(v, head * size), (<usize>size) << 2);
  }
}

/** Queries [H, E] of one position over what its window shows → out [H, E]. `scores` has room for the cache's length. */
// @ts-ignore: decorator
@inline
export function attend(model: Model, layer: i32, slot: i32, position: i32, q: usize, out: usize, scores: usize): void {
  const size = model.headSize, count = position + 1, group = model.heads / model.keyValueHeads;
  const window = model.layer(layer).window, first = window > 0 && window < count ? count - window : 0;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>size);
  for (let head: i32 = 0; head < model.heads; head++) {
    const from = model.slotAt(layer, slot) + (head / group) * model.headFloats();
    const visible = at(scores, first);
    scoresOf(first & ~15, count, size, model.length, at(q, head * size), at(model.keys, from), scores);
    softmaxRow(count - first, scale, visible, visible);
    mix(count - first, size, visible, at(model.values, from + first * size), at(out, head * size));
  }
}
