// Vector arithmetic that every other kernel is written in. `v128` holds four float32; pointers are byte addresses.

/** The address of element `index` of a float32 (or int32) array. Wraps like all addresses, so it works above 2 GiB. */
// @ts-ignore: decorator
@inline
export function at(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** a·b + c: one rounding where the variant has relaxed SIMD, two otherwise. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Below the first e^x is subnormal or 0, above the other it is infinite. */
const LOWEST: i32 = 0, HIGHEST: i32 = 1;
const ONE: i32 = 2;
/** 1/ln 2, and ln 2 in two parts, negative. */
const PER_LN2: i32 = 3, LN2: i32 = 4, LN2_REST: i32 = 5;
/** 1.5·2^23: a small number added to it is rounded to a whole one, which then stands in the sum's last bits. */
const ROUNDER: i32 = 6;
/** The polynomial of the Cephes library. */
const POLYNOMIAL: i32 = 7;

/** The numbers of the exponential. The runtime makes constants anew at each use: from here they are loaded. */
const numbers = memory.data<f32>([
  -87.33654, 88.3762626, 1, 1.44269504, -0.693359375, 2.12194440e-4, 12582912,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);

// @ts-ignore: decorator
@inline
function number(index: i32): v128 {
  return v128.load32_splat(numbers + (index << 2));
}

/**
 * e^x to about 1 ulp for x between the limits above: x = n·ln 2 + r, e^r by the polynomial, 2^n by the exponent's bits. NaN
 * stays NaN.
 */
// @ts-ignore: decorator
@inline
function expWithin4(x: v128): v128 {
  const rounded = f32x4.add(f32x4.mul(x, number(PER_LN2)), number(ROUNDER)), n = f32x4.sub(rounded, number(ROUNDER));
  const r = madd(n, number(LN2_REST), madd(n, number(LN2), x));
  let p = madd(number(POLYNOMIAL), r, number(POLYNOMIAL + 1));
  p = madd(p, r, number(POLYNOMIAL + 2));
  p = madd(p, r, number(POLYNOMIAL + 3));
  p = madd(p, r, number(POLYNOMIAL + 4));
  p = madd(p, r, number(POLYNOMIAL + 5));
  p = madd(f32x4.mul(p, r), r, f32x4.add(r, number(ONE)));
  return f32x4.mul(p, i32x4.add(i32x4.shl(rounded, 23), number(ONE)));
}

/** e^x, 0 below and infinity above the limits. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const low = number(LOWEST), high = number(HIGHEST);
  const within = expWithin4(f32x4.pmin(f32x4.pmax(x, low), high));
  const finite = v128.andnot(within, f32x4.lt(x, low));
  return v128.bitselect(f32x4.splat(Infinity), finite, f32x4.gt(x, high));
}

/** e^x for x that is not above 0, as in every softmax; 0 below the limit. */
// @ts-ignore: decorator
@inline
export function expNegative4(x: v128): v128 {
  const low = number(LOWEST);
  return v128.andnot(expWithin4(f32x4.pmax(x, low)), f32x4.lt(x, low));
}

// @ts-ignore: decorator
@inline
export function expNegative1(x: f32): f32 {
  return f32x4.extract_lane(expNegative4(f32x4.splat(x)), 0);
}

/** 1 / (1 + e^-x). The limits of e^-x are those of float32: beyond them the result is as good as 0 or 1. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const within = f32x4.pmin(f32x4.pmax(f32x4.neg(x), number(LOWEST)), number(HIGHEST)), one = number(ONE);
  return f32x4.div(one, f32x4.add(one, expWithin4(within)));
}

/** ln x to about 1 ulp (Cephes polynomial): -infinity at 0, NaN below. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const one = f32x4.splat(1);
  // Subnormal numbers are scaled into the normal range first.
  const isTiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(33554432)), x, isTiny);
  let e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(normal, 23), i32x4.splat(126)));
  e = f32x4.sub(e, v128.and(isTiny, f32x4.splat(25)));
  let m = v128.or(v128.and(normal, i32x4.splat(0x7fffff)), i32x4.splat(0x3f000000)); // [0.5, 1)
  const isLow = f32x4.lt(m, f32x4.splat(0.707106781));
  e = f32x4.sub(e, v128.and(isLow, one));
  m = f32x4.sub(f32x4.add(m, v128.and(isLow, m)), one);
  const z = f32x4.mul(m, m);
  let y = f32x4.splat(7.0376836292e-2);
  y = madd(y, m, f32x4.splat(-1.1514610310e-1));
  y = madd(y, m, f32x4.splat(1.1676998740e-1));
  y = madd(y, m, f32x4.splat(-1.2420140846e-1));
  y = madd(y, m, f32x4.splat(1.4249322787e-1));
  y = madd(y, m, f32x4.splat(-1.6668057665e-1));
  y = madd(y, m, f32x4.splat(2.0000714765e-1));
  y = madd(y, m, f32x4.splat(-2.4999993993e-1));
  y = madd(y, m, f32x4.splat(3.3333331174e-1));
  y = f32x4.mul(f32x4.mul(y, m), z);
  y = madd(e, f32x4.splat(-2.12194440e-4), y);
  y = madd(z, f32x4.splat(-0.5), y);
  const result = madd(e, f32x4.splat(0.693359375), f32x4.add(m, y));
  const zero = f32x4.splat(0);
  const positive = v128.bitselect(result, f32x4.splat(NaN), f32x4.gt(x, zero));
  const finite = v128.bitselect(f32x4.splat(Infinity), positive, f32x4.eq(x, f32x4.splat(Infinity)));
  return v128.bitselect(f32x4.splat(-Infinity), finite, f32x4.eq(x, zero));
}

// @ts-ignore: decorator
@inline
export function log1(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}
