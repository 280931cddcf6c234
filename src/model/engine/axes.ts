/**
 * @file Walking over several arrays of different layouts at once: axes with a stride for each array.
 *
 * Neighbouring axes that every array crosses evenly become one; the last axis is the run that a kernel's inner loop takes.
 */

export interface Walk {
  /** Outer axes, the last varying fastest, as triples: length, stride in the first array, stride in the second. */
  readonly outer: readonly number[];
  /** Number of runs: the product of the outer lengths. */
  readonly runs: number;
  /** Elements in a run. */
  readonly run: number;
  /** Distance of neighbours in a run, in either array. */
  readonly strides: readonly [number, number];
}

/** Strides of a row-major array. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Strides of an array of this shape when broadcast to another: 0 along axes on which it repeats. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const own = rowMajor(shape);
  const missing = to.length - shape.length;
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]));
}

/** The fewest axes that visit the same elements in the same order. */
export function walk(shape: readonly number[], first: readonly number[], second: readonly number[]): Walk {
  const axes: [length: number, first: number, second: number][] = [];
  for (const [axis, length] of shape.entries()) {
    if (length === 1) continue;
    const before = axes.at(-1);
    if (before?.[1] === first[axis] * length && before[2] === second[axis] * length) {
      axes[axes.length - 1] = [before[0] * length, first[axis], second[axis]];
    } else {
      axes.push([length, first[axis], second[axis]]);
    }
  }
  const [run, a, b] = axes.pop() ?? [1, 1, 1];
  return { outer: axes.flat(), runs: axes.reduce((product, [length]) => product * length, 1), run, strides: [a, b] };
}
