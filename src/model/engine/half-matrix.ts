/**
 * @file Matrices [rows, columns] of halves, which lie in panels of rows (kernels/half.ts): the room that they take, and the
 * ways into that order and out of it.
 */
import type { Pool } from './pool.ts';
import { type Placed, precisions, type Stored } from './storage.ts';

/** Values that a thread takes in one go. */
const atOnce = 1 << 18;

/** Number of halves: the last panel is a whole one too. */
export function halvesOf(pool: Pool, [rows, columns]: readonly number[]): number {
  return pool.kernels.padded(rows) * columns;
}

/**
 * Rows in pieces of about this many values: whole panels, so that such a piece is a matrix of its own, which begins `rows · columns`
 * halves after the one before.
 */
export function rowsOf(pool: Pool, columns: number, values: number): number {
  return pool.kernels.padded(Math.max(1, Math.floor(values / Math.max(1, columns))));
}

/** Brings values that lie row after row into panels, in place. @param scratch of every thread: address and bytes. */
export function arrange(
  pool: Pool,
  scratch: (bytes: number) => readonly [number, number],
  [rows, columns]: readonly number[],
  { address, isFar }: Placed,
): void {
  const [place, stride] = scratch(pool.kernels.arrangeScratch(columns));
  runPanels(pool, 'arrangeHalves', [rows, columns], [place, stride, rows, columns, address, isFar ? 1 : 0]);
}

/** Writes a near matrix as float32, row after row, to an address. */
export function widenMatrix(
  pool: Pool,
  [rows, columns]: readonly number[],
  { address, precision }: Stored,
  to: number,
): void {
  runPanels(pool, 'widenRows', [rows, columns], [rows, columns, precisions[precision], address, to]);
}

/** A kernel whose range is the panels. */
function runPanels(
  pool: Pool,
  kernel: string,
  [rows, columns]: readonly [number, number],
  args: readonly number[],
): void {
  const panel = pool.kernels.padded(1);
  pool.run(kernel, Math.ceil(rows / panel), rowsOf(pool, columns, atOnce) / panel, args);
}
