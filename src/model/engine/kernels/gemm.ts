// Matrix products C = A·B (+ C, + bias), float32, any size and any strides.
//
// Blocks of MC rows of A and KC steps are packed, every panel of B passes over them, and the tile kernel multiplies. Each
// element of C is the same chain of operations over k wherever the borders of blocks, chunks and threads fall: results do
// not depend on the number of threads, and a row's result not on its neighbours (but where `gemmBatch` has the parts of a long chain).

import { fetchHalves } from './far';
import { halfAt, widenValues } from './half';
import { at } from './math';
import { blockSteps, KC, packColumns, packRows, padded } from './pack';
import { scratchOf } from './thread';
import { MR, NR, rowsAdd, rowsSet, tileAdd, tileSet } from './tile';

/** Rows of the left operand that pass over a panel of B before the next panel: with KC steps they stay in L2. A multiple of every MR. */
const MC: i32 = 144;

/** So many rows whose steps are adjacent are packed for so many columns: then that costs less than reading them where they lie. */
const PACKED_ROWS: i32 = 60, PACKED_COLUMNS: i32 = 320;

/** Floats of scratch that the left operand's block and one edge tile need. */
const leftScratch: i32 = MC * KC + MR * NR + 64;

/** Bytes of scratch that `multiply` needs. */
export function multiplyScratch(N: i32, K: i32): usize {
  return (<usize>(leftScratch + min(K, KC) * padded(N) + 64)) << 2;
}

/** Bytes of scratch that `multiplyPacked` and the kernels built on it need. */
export function packedScratch(): usize {
  return (<usize>leftScratch) << 2;
}

/** Bytes of scratch that `gemmStored` needs. */
export function storedScratch(K: i32): usize {
  return ((<usize>(leftScratch + KC * NR)) << 2) + ((<usize>(NR * K)) << 1);
}

function copyPart(rows: i32, columns: i32, from: usize, fromStride: i32, to: usize, toStride: i32): void {
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j++) store<f32>(at(to, i * toStride + j), load<f32>(at(from, i * fromStride + j)));
  }
}

/** Cache lines of what is read next that each tile brings near, all of them by the time that `rows` rows are done; few rows wait as they are. */
// @ts-ignore: decorator
@inline
function linesAhead(bytes: i32, rows: i32): i32 {
  const tiles = (rows + MR - 1) / MR;
  return tiles < 8 ? 0 : bytes / 64 / tiles;
}

/** Reads a word of each of so many lines; where the next one begins. A load is made although nobody wants its value. */
// @ts-ignore: decorator
@inline
function fetchAhead(p: usize, lines: i32): usize {
  for (let i: i32 = 0; i < lines; i++) {
    load<i32>(p);
    p += 64;
  }
  return p;
}

/**
 * One tile, or its rows and columns that lie inside the matrix: these through a copy, with the same arithmetic. Rows of A lie `lda`
 * apart, their steps adjacent; 0: they are packed.
 */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  lda: i32,
  b: usize,
  c: usize,
  ldc: i32,
  adds: i32,
  copy: usize,
): void {
  const isWhole = columns == NR && (rows == MR || lda > 0),
    to = isWhole ? c : copy,
    stride = isWhole ? ldc : NR;
  if (!isWhole && adds) copyPart(rows, columns, c, ldc, copy, NR);
  if (lda > 0) {
    if (adds) rowsAdd(rows, depth, a, lda, b, to, stride);
    else rowsSet(rows, depth, a, lda, b, to, stride);
  } else if (adds) tileAdd(depth, a, b, to, stride);
  else tileSet(depth, a, b, to, stride);
  if (!isWhole) copyPart(rows, columns, copy, NR, c, ldc);
}

/** All tiles of `rows` rows against columns [n0, n1) of a packed block; `c` is the address of (first row, column 0). */
function tiles(
  rows: i32,
  n0: i32,
  n1: i32,
  depth: i32,
  a: usize,
  lda: i32,
  b: usize,
  c: usize,
  ldc: i32,
  adds: i32,
  copy: usize,
): void {
  const panelFloats = depth * NR,
    lines = linesAhead(panelFloats << 2, rows),
    apart = lda > 0 ? lda : depth;
  for (let j = n0; j < n1; j += NR) {
    const panel = at(b, j * depth),
      columns = min(NR, n1 - j),
      hasNext = j + NR < n1;
    let ahead = at(panel, panelFloats);
    for (let i: i32 = 0; i < rows; i += MR) {
      if (hasNext) ahead = fetchAhead(ahead, lines);
      tile(min(MR, rows - i), columns, depth, at(a, i * apart), lda, panel, at(c, i * ldc + j), ldc, adds, copy);
    }
  }
}

/** At most MC rows and KC steps of A against columns [n0, n1) of a packed block. */
// @ts-ignore: decorator
@inline
function block(
  rows: i32,
  n0: i32,
  n1: i32,
  depth: i32,
  a: usize,
  ars: i32,
  acs: i32,
  b: usize,
  c: usize,
  ldc: i32,
  adds: i32,
  scratch: usize,
): void {
  const copy = scratch,
    packed = at(scratch, MR * NR),
    isPacked = acs != 1 || (rows >= PACKED_ROWS && n1 - n0 >= PACKED_COLUMNS);
  if (isPacked) packRows(rows, depth, a, ars, acs, packed);
  tiles(rows, n0, n1, depth, isPacked ? packed : a, isPacked ? 0 : ars, b, c, ldc, adds, copy);
}

/** Rows [m0, m1), columns [n0, n1) of C = A·B with B packed by `packPanels`; n0 begins a panel. */
export function multiplyPacked(
  m0: i32,
  m1: i32,
  n0: i32,
  n1: i32,
  N: i32,
  K: i32,
  a: usize,
  ars: i32,
  acs: i32,
  b: usize,
  c: usize,
  ldc: i32,
  adds: i32,
  scratch: usize,
): void {
  const total = padded(N), steps = blockSteps(K);
  for (let m = m0; m < m1; m += MC) {
    const rows = min(MC, m1 - m);
    for (let k: i32 = 0; k < K; k += steps) {
      const depth = min(steps, K - k);
      block(rows, n0, n1, depth, at(a, m * ars + k * acs), ars, acs, at(b, k * total), at(c, m * ldc), ldc, i32(adds || k > 0), scratch);
    }
  }
}

/** C = A·B (+ C) on one thread, packing B on the way. */
export function multiply(
  M: i32,
  N: i32,
  K: i32,
  a: usize,
  ars: i32,
  acs: i32,
  b: usize,
  brs: i32,
  bcs: i32,
  c: usize,
  ldc: i32,
  adds: i32,
  scratch: usize,
): void {
  const right = at(scratch, leftScratch), steps = blockSteps(K);
  for (let k: i32 = 0; k < K; k += steps) {
    const depth = min(steps, K - k);
    packColumns(depth, N, at(b, k * brs), brs, bcs, right);
    for (let m: i32 = 0; m < M; m += MC) {
      const rows = min(MC, M - m);
      block(rows, 0, N, depth, at(a, m * ars + k * acs), ars, acs, right, at(c, m * ldc), ldc, i32(adds || k > 0), scratch);
    }
  }
}

/** Rows [m0, m1), columns [n0, n1) of C become the bias [N], or with `adds` C + bias. */
export function putBias(m0: i32, m1: i32, n0: i32, n1: i32, bias: usize, c: usize, ldc: i32, adds: i32): void {
  const bytes = (<usize>(n1 - n0)) << 2;
  for (let m = m0; m < m1; m++) {
    const row = at(c, m * ldc);
    if (!adds) memory.copy(at(row, n0), at(bias, n0), bytes);
    else for (let n = n0; n < n1; n++) store<f32>(at(row, n), load<f32>(at(row, n)) + load<f32>(at(bias, n)));
  }
}

/**
 * Chunks [first, last) of C = A·B (+ bias, + C) with B packed. Chunk i covers `rowStep` rows and `columnStep` columns (a
 * multiple of NR), row blocks varying fastest. `bias` 0: none.
 */
export function gemm(
  first: i32,
  last: i32,
  scratch: usize,
  stride: usize,
  M: i32,
  N: i32,
  K: i32,
  rowStep: i32,
  columnStep: i32,
  a: usize,
  ars: i32,
  acs: i32,
  b: usize,
  c: usize,
  ldc: i32,
  adds: i32,
  bias: usize,
): void {
  const rowBlocks = (M + rowStep - 1) / rowStep;
  for (let i = first; i < last; i++) {
    const m0 = (i % rowBlocks) * rowStep,
      m1 = min(M, m0 + rowStep);
    const n0 = (i / rowBlocks) * columnStep,
      n1 = min(N, n0 + columnStep);
    if (bias) putBias(m0, m1, n0, n1, bias, c, ldc, adds);
    multiplyPacked(m0, m1, n0, n1, N, K, a, ars, acs, b, c, ldc, i32(adds || bias != 0), scratchOf(scratch, stride));
  }
}

/**
 * Chunks [first, last) of `columnStep` columns (a multiple of NR) of C = A·B (+ bias, + C) for few rows of A: each part of B is used
 * so little that the thread that multiplies with it packs it in its own scratch.
 */
export function gemmFewRows(
  first: i32,
  last: i32,
  scratch: usize,
  stride: usize,
  M: i32,
  N: i32,
  K: i32,
  columnStep: i32,
  a: usize,
  ars: i32,
  acs: i32,
  b: usize,
  brs: i32,
  bcs: i32,
  c: usize,
  ldc: i32,
  adds: i32,
  bias: usize,
): void {
  for (let i = first; i < last; i++) {
    const n0 = i * columnStep, n1 = min(N, n0 + columnStep);
    if (bias) putBias(0, M, n0, n1, bias, c, ldc, adds);
    const from = at(b, n0 * bcs), mine = scratchOf(scratch, stride);
    multiply(M, n1 - n0, K, a, ars, acs, from, brs, bcs, at(c, n0), ldc, i32(adds || bias != 0), mine);
  }
}

/**
 * Panels [first, last) of NR columns of C [M, N] = A·Wᵀ (+ bias, + C), for few rows of A, which lie `lda` apart. W [N, K] is in
 * halves, near or far: each panel is widened in the scratch of the thread that multiplies with it.
 */
export function gemmStored(
  first: i32,
  last: i32,
  scratch: usize,
  stride: usize,
  M: i32,
  N: i32,
  K: i32,
  a: usize,
  lda: i32,
  w: usize,
  precision: i32,
  isFar: i32,
  c: usize,
  ldc: i32,
  adds: i32,
  bias: usize,
): void {
  const copy = scratchOf(scratch, stride),
    panel = at(copy, leftScratch),
    fetched = at(panel, KC * NR),
    steps = blockSteps(K);
  for (let i = first; i < last; i++) {
    const j = i * NR,
      columns = min(NR, N - j);
    if (bias) putBias(0, M, j, j + columns, bias, c, ldc, adds);
    if (isFar) fetchHalves(w, j * K, NR * K, fetched);
    let halves = isFar ? fetched : halfAt(w, j * K);
    for (let k: i32 = 0; k < K; k += steps) {
      const depth = min(steps, K - k),
        isMore = i32(adds || bias != 0 || k > 0);
      widenValues(precision, depth * NR, halves, panel);
      halves = halfAt(halves, depth * NR);
      // In one go: waiting for a few lines at each tile takes longer, and widening alone reads too slowly for memory to be kept busy.
      if (k == 0 && i + 1 < last && !isFar) fetchAhead(halfAt(w, (j + NR) * K), (NR * K) >> 5);
      for (let m: i32 = 0; m < M; m += MR) {
        tile(min(MR, M - m), columns, depth, at(a, m * lda + k), lda, panel, at(c, m * ldc + j), ldc, isMore, copy);
      }
    }
  }
}

/**
 * Products [first, last) of a batch; an operand whose step is 0 is shared by all. `depth` is the inner dimension of all together: the
 * last has what is left of it, where they are parts of one product.
 */
export function gemmBatch(
  first: i32,
  last: i32,
  scratch: usize,
  stride: usize,
  M: i32,
  N: i32,
  K: i32,
  depth: i32,
  a: usize,
  aStep: i32,
  ars: i32,
  acs: i32,
  b: usize,
  bStep: i32,
  brs: i32,
  bcs: i32,
  c: usize,
): void {
  const mine = scratchOf(scratch, stride);
  for (let i = first; i < last; i++) {
    const steps = min(K, depth - i * K);
    multiply(M, N, steps, at(a, i * aStep), ars, acs, at(b, i * bStep), brs, bcs, at(c, i * M * N), N, 0, mine);
  }
}
