// Rotary positions: dimension i and i + E/2 of a head turn together. `sign` -1 turns back: the gradient.

import { at } from './math';

/** Turns one head. cos and sin [E/2] belong to the position. In place is fine. */
// @ts-ignore: decorator
@inline
export function rotateHead(half: i32, sign: f32, cos: usize, sin: usize, x: usize, out: usize): void {
  const s = f32x4.splat(sign);
  let i: i32 = 0;
  for (; i + 4 <= half; i += 4) {
    const a = v128.load(at(x, i)), b = v128.load(at(x, i + half));
    const c = v128.load(at(cos, i)), d = f32x4.mul(v128.load(at(sin, i)), s);
    v128.store(at(out, i), f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, d)));
    v128.store(at(out, i + half), f32x4.add(f32x4.mul(b, c), f32x4.mul(a, d)));
  }
  for (; i < half; i++) {
    const a = load<f32>(at(x, i)), b = load<f32>(at(x, i + half));
    const c = load<f32>(at(cos, i)), d = load<f32>(at(sin, i)) * sign;
    store<f32>(at(out, i), a * c - b * d);
    store<f32>(at(out, i + half), b * c + a * d);
  }
}

/** Rows [first, last) of x [N, heads, 2·half]; the tables [positions, half] hold cosines and sines. */
export function rotary(
  first: i32, last: i32, heads: i32, half: i32, sign: f32, positions: usize, cos: usize, sin: usize, x: usize, out: usize,
): void {
  for (let r = first; r < last; r++) {
    const row = load<i32>(at(positions, r)) * half;
    for (let h: i32 = 0; h < heads; h++) {
      const head = (r * heads + h) * half * 2;
      rotateHead(half, sign, at(cos, row), at(sin, row), at(x, head), at(out, head));
    }
  }
}
