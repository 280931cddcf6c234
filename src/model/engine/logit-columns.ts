/** @file How much of the vocabulary the head takes at a time: arithmetic alone, for fused-log-probs.ts and for estimates. */

/** Logits held at a time: 8 MiB stay near the cores, ... */
const heldFloats = 2 ** 21;
/** ... but for so few columns the hidden states would be repacked too often. */
const fewestColumns = 1024;
/** Whole panels of every build of the kernels: a head in half precision is cut only between those. */
const granule = 64;

export function logitColumns(rows: number, vocabulary: number): number {
  const columns = Math.max(fewestColumns, Math.floor(heldFloats / rows / granule) * granule);
  return Math.min(vocabulary, columns);
}
