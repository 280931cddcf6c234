/** @file Vectors as make_golden.py writes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/base/package-root.ts';

export const GOLDEN_DIR = join(packageRoot(), 'test/golden/dense');

/** The tiny random BERT, which is an encoder like any other. */
export const TINY_ENCODER = join(GOLDEN_DIR, 'tiny');

export function readGolden(name: string): unknown {
  return JSON.parse(readFileSync(join(GOLDEN_DIR, name), 'utf8'));
}

export function unpack(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}

/** Every component of every vector, and so every cosine, to 1e-4. */
export function assertVectors(
  actual: readonly Float32Array[],
  golden: readonly string[],
  texts: readonly string[],
): void {
  assert.equal(actual.length, golden.length);
  golden.map(unpack).forEach((expected, i) => {
    const text = JSON.stringify(texts[i].slice(0, 40));
    assert.equal(actual[i].length, expected.length);
    let [product, ours, theirs] = [0, 0, 0];
    expected.forEach((value, at) => {
      assert.ok(
        Math.abs(value - actual[i][at]) < 1e-4,
        `${text}, component ${at}: ${actual[i][at]}, expected ${value}`,
      );
      product += value * actual[i][at];
      ours += actual[i][at] ** 2;
      theirs += value ** 2;
    });
    assert.ok(product / Math.sqrt(ours * theirs) > 1 - 1e-4, `${text}: the cosine is ${product}`);
  });
}
