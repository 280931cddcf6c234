/**
 * @file How the engine stores a tensor's values. Weights that no training changes may stay in the half precision of their
 * file: kernels that read them widen a little at a time, and each value is exactly what float32 would have held. Such a matrix
 * lies in panels of rows, in the order in which products read it (kernels/half.ts), and not row after row.
 */

/** As the kernels number them (kernels/half.ts). */
export const precisions = { float32: 0, bfloat16: 1, float16: 2 } as const;
export type Precision = keyof typeof precisions;
export type HalfPrecision = Exclude<Precision, 'float32'>;

/** Where the values of a matrix lie in the kernels' memory, and how they are stored. */
export interface Stored {
  readonly address: number;
  readonly precision: Precision;
}

/** Where they lie wherever that is. */
export interface Placed extends Stored {
  /** The address is one of the far memory (far-memory.ts). */
  readonly isFar: boolean;
}
