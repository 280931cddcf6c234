// silu(gate)·up and its gradient. With s = sigmoid(g): d(g·s)/dg = s + g·s·(1 - s). Ranges are in vectors of four.

import { at, sigmoid4 } from './math';

// @ts-ignore: decorator
@inline
export function swiglu4(gate: v128, up: v128): v128 {
  return f32x4.mul(f32x4.mul(gate, sigmoid4(gate)), up);
}

export function swiglu(first: i32, last: i32, gate: usize, up: usize, out: usize): void {
  for (let i = (<usize>first) << 4; i != (<usize>last) << 4; i += 16) {
    v128.store(out + i, swiglu4(v128.load(gate + i), v128.load(up + i)));
  }
}

export function swigluGradient(first: i32, last: i32, gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize): void {
  const one = f32x4.splat(1);
  for (let i = (<usize>first) << 4; i != (<usize>last) << 4; i += 16) {
    const g = v128.load(gate + i), d = v128.load(dy + i);
    const s = sigmoid4(g), silu = f32x4.mul(g, s);
    v128.store(dUp + i, f32x4.mul(d, silu));
    const slope = f32x4.add(s, f32x4.mul(silu, f32x4.sub(one, s)));
    v128.store(dGate + i, f32x4.mul(f32x4.mul(d, v128.load(up + i)), slope));
  }
}
