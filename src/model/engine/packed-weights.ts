/**
 * @file Copies of a model's matrices in the order in which the product kernel reads them, adapters added to them, for a
 * decoder that takes the whole model in one call.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Adapter, LayerWeights, Linear } from '../weights.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { widenMatrix } from './half-matrix.ts';
import { multiply, packRight, weightOperand } from './products.ts';
import type { Stored } from './storage.ts';

/** Addresses, as the Layer record of kernels/model.ts has them; a bias of 0: none. */
export interface PackedLayer {
  readonly qkv: number;
  readonly qkvBias: number;
  readonly output: number;
  readonly outputBias: number;
  readonly gateUp: number;
  readonly gateUpBias: number;
  readonly down: number;
  readonly downBias: number;
}

/** @param allocate room that the caller frees. */
export function packLayer(
  backend: EmbeddedBackend,
  { query, key, value, output, gate, up, down }: LayerWeights,
  allocate: (bytes: number) => number,
): PackedLayer {
  const matrix = (...parts: readonly Linear[]): number => packMatrix(backend, parts, allocate);
  const bias = (...parts: readonly Linear[]): number => joinBiases(backend, parts, allocate);
  return {
    qkv: matrix(query, key, value),
    qkvBias: bias(query, key, value),
    output: matrix(output),
    outputBias: bias(output),
    gateUp: matrix(gate, up),
    gateUpBias: bias(gate, up),
    down: matrix(down),
    downBias: bias(down),
  };
}

/** Matrices [out, in] below each other, as panels of in × out. */
export function packMatrix(
  backend: EmbeddedBackend,
  parts: readonly Linear[],
  allocate: (bytes: number) => number,
): number {
  const { pool, shared } = backend;
  const [{ weight: first, adapter }] = parts;
  const depth = first.shape[1]!;
  const columns = parts.reduce((sum, { weight }) => sum + weight.shape[0], 0);
  const panels = allocate(depth * pool.kernels.padded(columns) * 4);
  const pack = (stored: Stored): void => {
    packRight(backend, depth, columns, weightOperand(backend, stored, depth, 'columns'), panels);
  };
  if (parts.length === 1 && !adapter) {
    backend.withStored(first, pack);
  } else {
    const joined = shared.heap.allocate(depth * columns * 4);
    try {
      joinMatrices(backend, parts, joined);
      pack({ address: joined, precision: 'float32' });
    } finally {
      shared.heap.free(joined);
    }
  }
  return panels;
}

function joinMatrices(backend: EmbeddedBackend, parts: readonly Linear[], joined: number): void {
  const { shared, pool } = backend;
  let at = joined;
  for (const { weight, adapter } of parts) {
    const to = at;
    backend.withStored(weight, ({ address, precision }) => {
      if (precision === 'float32') shared.floats(to, weight.size).set(shared.floats(address, weight.size));
      else widenMatrix(pool, weight.shape, { address, precision }, to);
    });
    if (adapter) merge(backend, adapter, to);
    at += weight.size * 4;
  }
}

/** Adds scale · B·A to the matrix at an address. */
function merge(backend: EmbeddedBackend, { a, b, scale }: Adapter, matrix: number): void {
  const [outputs, rank] = b.shape;
  const inputs = a.shape[1]!;
  const scaled = tf.mul(b, scale);
  multiply(backend, {
    m: outputs,
    n: inputs,
    k: rank,
    a: backend.address(scaled),
    aStrides: [rank, 1],
    b: backend.address(a),
    bStrides: [inputs, 1],
    c: matrix,
    adds: true,
  });
  scaled.dispose();
}

/** One bias for several projections side by side; 0 when none has one. */
function joinBiases(backend: EmbeddedBackend, parts: readonly Linear[], allocate: (bytes: number) => number): number {
  if (parts.every((part) => part.bias === undefined)) return 0;
  const joined = allocate(parts.reduce((sum, { weight }) => sum + weight.shape[0], 0) * 4);
  let at = joined;
  for (const { weight, bias } of parts) {
    const values = backend.shared.floats(at, weight.shape[0]);
    if (bias) values.set(backend.shared.floats(backend.address(bias), bias.size));
    else values.fill(0);
    at += weight.shape[0] * 4;
  }
  return joined;
}
