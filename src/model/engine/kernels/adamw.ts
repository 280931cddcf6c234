// AdamW in place. Ranges are in vectors of four.

// @ts-ignore: decorator
@inline
function blend(old: v128, fresh: v128, beta: f32): v128 {
  return f32x4.add(f32x4.mul(old, f32x4.splat(beta)), f32x4.mul(fresh, f32x4.splat(1 - beta)));
}

export function adamw(
  first: i32, last: i32, parameter: usize, gradient: usize, moment1: usize, moment2: usize,
  scale: f32, beta1: f32, beta2: f32, rate: f32, correction: f32, decay: f32, epsilon: f32,
): void {
  for (let i = (<usize>first) << 4; i != (<usize>last) << 4; i += 16) {
    const g = f32x4.mul(v128.load(gradient + i), f32x4.splat(scale));
    const m = blend(v128.load(moment1 + i), g, beta1), v = blend(v128.load(moment2 + i), f32x4.mul(g, g), beta2);
    v128.store(moment1 + i, m);
    v128.store(moment2 + i, v);
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(v, f32x4.splat(correction))), f32x4.splat(epsilon));
    const change = f32x4.div(f32x4.mul(m, f32x4.splat(rate)), size);
    v128.store(parameter + i, f32x4.sub(f32x4.mul(v128.load(parameter + i), f32x4.splat(decay)), change));
  }
}
