/** @file Which weights the embedded engine keeps outside its kernels' memory (engine/far-memory.ts). */
import { parameterShapes } from './parameter-shapes.ts';
import type { ModelConfig } from './weights.ts';

/** A quarter of the kernels' memory: the rest is for the embedding and for what a training makes. */
const NEAR_BYTES = 2 ** 30;

/**
 * The matrices of the layers with their bytes, if their files have them in half precision, nothing trains them, and
 * together they are larger than `nearBytes`. The embedding and the head stay near: single rows of them are read.
 */
export function farWeights(config: ModelConfig, nearBytes = NEAR_BYTES): ReadonlyMap<string, number> {
  const matrices = [...parameterShapes(config)].filter(
    ([name, shape]) => shape.length === 2 && name.includes('.layers.'),
  );
  const bytes = new Map(matrices.map(([name, [outputs, inputs]]) => [name, 2 * outputs * inputs]));
  return sum(bytes.values()) > nearBytes ? bytes : new Map();
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
