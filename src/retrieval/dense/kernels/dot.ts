// Inner products of documents with queries, the whole of exact dense search. Rows of documents are float32, or int8 with one
// scale each; queries are float32, or int16 with one scale each. Every row is padded with zeros to whole vectors.
//
// One product is one chain of operations over the row, whatever tile computes it: a score does not depend on neighbours.

/** Documents whose rows are passed over by all queries while they lie in L1. */
const BLOCK: i32 = 16;

/** Four float32, or eight int8 as int16. */
// @ts-ignore: decorator
@inline
function loadRow<T>(at: usize): v128 {
  if (isFloat<T>()) return v128.load(at);
  return v128.load_ext<i8>(at);
}

/** Bytes of a document's row that `loadRow` reads; those of a query are always 16. */
// @ts-ignore: decorator
@inline
function rowStep<T>(): usize {
  return isFloat<T>() ? 16 : 8;
}

// @ts-ignore: decorator
@inline
function accumulate<T>(sums: v128, document: v128, query: v128): v128 {
  if (!isFloat<T>()) return i32x4.add(sums, i32x4.dot_i16x8_s(document, query));
  return f32x4.add(f32x4.mul(document, query), sums);
}

// @ts-ignore: decorator
@inline
function total<T>(sums: v128): f32 {
  if (isFloat<T>()) {
    return (
      f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3))
    );
  }
  // In float64, which holds the sum of four int32 exactly.
  return <f32>(
    <f64>i32x4.extract_lane(sums, 0) + <f64>i32x4.extract_lane(sums, 1) +
    (<f64>i32x4.extract_lane(sums, 2) + <f64>i32x4.extract_lane(sums, 3))
  );
}

/** Four documents, `row` bytes apart, with two queries, 16 · `steps` bytes apart. */
// @ts-ignore: decorator
@inline
function tile<T>(documents: usize, row: usize, queries: usize, steps: i32, out: usize, outRow: usize): void {
  const zero = i32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  let d0 = documents, d1 = d0 + row, d2 = d1 + row, d3 = d2 + row;
  let qa = queries, qb = queries + ((<usize>steps) << 4);
  for (let i: i32 = 0; i < steps; i++) {
    const a = v128.load(qa), b = v128.load(qb);
    let d = loadRow<T>(d0);
    a0 = accumulate<T>(a0, d, a);
    b0 = accumulate<T>(b0, d, b);
    d = loadRow<T>(d1);
    a1 = accumulate<T>(a1, d, a);
    b1 = accumulate<T>(b1, d, b);
    d = loadRow<T>(d2);
    a2 = accumulate<T>(a2, d, a);
    b2 = accumulate<T>(b2, d, b);
    d = loadRow<T>(d3);
    a3 = accumulate<T>(a3, d, a);
    b3 = accumulate<T>(b3, d, b);
    d0 += rowStep<T>();
    d1 += rowStep<T>();
    d2 += rowStep<T>();
    d3 += rowStep<T>();
    qa += 16;
    qb += 16;
  }
  store<f32>(out, total<T>(a0));
  store<f32>(out, total<T>(a1), 4);
  store<f32>(out, total<T>(a2), 8);
  store<f32>(out, total<T>(a3), 12);
  store<f32>(out + outRow, total<T>(b0));
  store<f32>(out + outRow, total<T>(b1), 4);
  store<f32>(out + outRow, total<T>(b2), 8);
  store<f32>(out + outRow, total<T>(b3), 12);
}

// @ts-ignore: decorator
@inline
function single<T>(document: usize, query: usize, steps: i32): f32 {
  let sums = i32x4.splat(0);
  for (let i: i32 = 0; i < steps; i++) {
    sums = accumulate<T>(sums, loadRow<T>(document), v128.load(query));
    document += rowStep<T>();
    query += 16;
  }
  return total<T>(sums);
}

/** Two queries with `count` documents. */
// @ts-ignore: decorator
@inline
function pair<T>(documents: usize, count: i32, row: usize, queries: usize, steps: i32, out: usize, outRow: usize): void {
  const second = queries + ((<usize>steps) << 4);
  let i: i32 = 0;
  for (; i + 4 <= count; i += 4) tile<T>(documents + <usize>i * row, row, queries, steps, out + ((<usize>i) << 2), outRow);
  for (; i < count; i++) {
    const document = documents + <usize>i * row, to = out + ((<usize>i) << 2);
    store<f32>(to, single<T>(document, queries, steps));
    store<f32>(to + outRow, single<T>(document, second, steps));
  }
}

// @ts-ignore: decorator
@inline
function products<T>(documents: usize, count: i32, queries: usize, queryCount: i32, steps: i32, out: usize, outRow: usize): void {
  const row = <usize>steps * rowStep<T>();
  for (let first: i32 = 0; first < count; first += BLOCK) {
    const here = min(BLOCK, count - first), at = documents + <usize>first * row, to = out + ((<usize>first) << 2);
    for (let q: i32 = 0; q < queryCount; q += 2) {
      pair<T>(at, here, row, queries + (((<usize>q) * steps) << 4), steps, to + <usize>q * outRow, outRow);
    }
  }
}

/** out[query][document], rows of `outRow` bytes, for rows of 4 · `steps` float32. The number of queries is even. */
export function floatProducts(documents: usize, count: i32, queries: usize, queryCount: i32, steps: i32, out: usize, outRow: usize): void {
  products<f32>(documents, count, queries, queryCount, steps, out, outRow);
}

/** The same for rows of 8 · `steps` int8 and queries in int16; then times both scales. */
export function byteProducts(
  documents: usize, count: i32, scales: usize,
  queries: usize, queryCount: i32, queryScales: usize,
  steps: i32, out: usize, outRow: usize,
): void {
  products<i8>(documents, count, queries, queryCount, steps, out, outRow);
  for (let q: i32 = 0; q < queryCount; q++) {
    const row = out + <usize>q * outRow, scale = load<f32>(queryScales + ((<usize>q) << 2));
    for (let d: i32 = 0; d < count; d++) {
      const at = (<usize>d) << 2;
      store<f32>(row + at, load<f32>(row + at) * load<f32>(scales + at) * scale);
    }
  }
}
