// Root-mean-square normalisation of rows and its gradient. With n = x / rms: dx = (g - n·mean(g·n)) / rms, g = dy·weight.

import { at, madd, sumLanes } from './math';

// @ts-ignore: decorator
@inline
function inverseRms(size: i32, epsilon: f32, x: usize): f32 {
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= size; i += 4) {
    const v = v128.load(at(x, i));
    sum = madd(v, v, sum);
  }
  let total = sumLanes(sum);
  for (; i < size; i++) total += load<f32>(at(x, i)) * load<f32>(at(x, i));
  return 1 / sqrt<f32>(total / <f32>size + epsilon);
}

export function rmsNorm(first: i32, last: i32, size: i32, epsilon: f32, x: usize, weight: usize, out: usize): void {
  for (let r = first; r < last; r++) {
    const row = at(x, r * size), to = at(out, r * size);
    const inverse = inverseRms(size, epsilon, row), v = f32x4.splat(inverse);
    let i: i32 = 0;
    for (; i + 4 <= size; i += 4) {
      v128.store(at(to, i), f32x4.mul(f32x4.mul(v128.load(at(row, i)), v), v128.load(at(weight, i))));
    }
    for (; i < size; i++) store<f32>(at(to, i), load<f32>(at(row, i)) * inverse * load<f32>(at(weight, i)));
  }
}

/** One row of the gradient, plus the row `plus` unless that is 0; what it means for the weight is added to dWeight [size]. */
function gradientRow(
  size: i32, epsilon: f32, x: usize, weight: usize, dy: usize, plus: usize, dx: usize, dWeight: usize,
): void {
  const inverse = inverseRms(size, epsilon, x), v = f32x4.splat(inverse);
  let sum = f32x4.splat(0), i: i32 = 0;
  for (; i + 4 <= size; i += 4) {
    const normal = f32x4.mul(v128.load(at(x, i)), v), d = v128.load(at(dy, i));
    sum = madd(f32x4.mul(d, v128.load(at(weight, i))), normal, sum);
    v128.store(at(dWeight, i), madd(d, normal, v128.load(at(dWeight, i))));
  }
  let total = sumLanes(sum);
  for (; i < size; i++) {
    const normal = load<f32>(at(x, i)) * inverse, d = load<f32>(at(dy, i));
    total += d * load<f32>(at(weight, i)) * normal;
    store<f32>(at(dWeight, i), load<f32>(at(dWeight, i)) + d * normal);
  }
  const mean = total / <f32>size, m = f32x4.splat(mean);
  for (i = 0; i + 4 <= size; i += 4) {
    const normal = f32x4.mul(v128.load(at(x, i)), v);
    const g = f32x4.mul(v128.load(at(dy, i)), v128.load(at(weight, i)));
    const d = f32x4.mul(f32x4.sub(g, f32x4.mul(normal, m)), v);
    v128.store(at(dx, i), plus ? f32x4.add(d, v128.load(at(plus, i))) : d);
  }
  for (; i < size; i++) {
    const normal = load<f32>(at(x, i)) * inverse, g = load<f32>(at(dy, i)) * load<f32>(at(weight, i));
    store<f32>(at(dx, i), (g - normal * mean) * inverse + (plus ? load<f32>(at(plus, i)) : 0));
  }
}

/** Blocks [first, last) of `step` rows of N: dx (+ plus, unless 0), and each block's own share of dWeight in partial [blocks, size]. */
export function rmsNormGradient(
  first: i32, last: i32, N: i32, step: i32, size: i32, epsilon: f32,
  x: usize, weight: usize, dy: usize, plus: usize, dx: usize, partial: usize,
): void {
  for (let block = first; block < last; block++) {
    const share = at(partial, block * size);
    memory.fill(share, 0, (<usize>size) << 2);
    for (let r = block * step; r < min(N, (block + 1) * step); r++) {
      const more = plus ? at(plus, r * size) : 0;
      gradientRow(size, epsilon, at(x, r * size), weight, at(dy, r * size), more, at(dx, r * size), share);
    }
  }
}
