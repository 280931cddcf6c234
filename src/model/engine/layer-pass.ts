/**
 * @file A model that is read as it is stored, layer by layer: each matrix is multiplied with all rows before the next, so
 * that a large one comes from memory once for all threads and rows. Hand-offs are many, but short beside the products.
 */
import * as tf from '@tensorflow/tfjs-core';
import { linearsOf } from '../lora.ts';
import type { Adapter, Linear, ModelConfig, ModelWeights } from '../weights.ts';
import { activationWidths } from './decoder-size.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';
import { rowsPerChunk, runFlat } from './engine-kernel.ts';
import { multiplyByWeight, type WeightProduct } from './products.ts';
import { precisions } from './storage.ts';

/** Tokens that go through the layers together; arrays of int32 by their addresses. */
export interface PassRows {
  readonly count: number;
  readonly tokens: number;
  readonly slots: number;
  readonly positions: number;
}

/** Addresses of activations, [rows, …] each. */
interface Activations {
  readonly x: number;
  readonly normed: number;
  readonly qkv: number;
  readonly mixed: number;
  readonly gate: number;
  readonly up: number;
  /** Between the two matrices of an adapter. */
  readonly low: number;
}

export class LayerPass {
  readonly #backend: EmbeddedBackend;
  readonly #weights: ModelWeights;
  readonly #config: ModelConfig;
  /** Address of the kernels' Model record. */
  readonly #model: number;
  readonly #at: Activations;
  /** A of each adapter, times its scale. */
  readonly #scaled: ReadonlyMap<Adapter, tf.Tensor>;

  /**
   * @param model address of the kernels' Model record; its packed matrices are not read.
   * @param rows at most in one pass.
   * @param allocate gives room that the caller frees.
   */
  constructor(
    backend: EmbeddedBackend,
    weights: ModelWeights,
    config: ModelConfig,
    model: number,
    rows: number,
    allocate: (bytes: number) => number,
  ) {
    this.#backend = backend;
    this.#weights = weights;
    this.#config = config;
    this.#model = model;
    const adapters = [...linearsOf(weights)].flatMap(([, { adapter }]) => adapter ?? []);
    const { hidden, qkv, mixed, feedForward } = activationWidths(config);
    const room = (width: number): number => allocate(rows * width * 4);
    this.#at = {
      x: room(hidden),
      normed: room(hidden),
      qkv: room(qkv),
      mixed: room(mixed),
      gate: room(feedForward),
      up: room(feedForward),
      low: room(Math.max(0, ...adapters.map(({ a }) => a.shape[0]))),
    };
    this.#scaled = new Map(adapters.map((adapter) => [adapter, tf.keep(tf.mul(adapter.a, adapter.scale))]));
  }

  /** Stores the keys and values of all rows; the address of their normalised hidden states [count, D], until the next pass. */
  run(rows: PassRows): number {
    const { layers, norm } = this.#weights;
    const { x, normed, mixed, gate, up } = this.#at;
    const { count } = rows;
    this.#embed(rows);
    for (const [index, layer] of layers.entries()) {
      this.#normalise(count, layer.inputNorm);
      this.#attend(index, rows);
      this.#project(layer.output, { m: count, a: mixed, c: x, adds: true });
      this.#normalise(count, layer.postNorm);
      this.#project(layer.gate, { m: count, a: normed, c: gate });
      this.#project(layer.up, { m: count, a: normed, c: up });
      runFlat(this.#backend, 'swiglu', count * this.#config.feedForwardSize, [gate, up, gate]);
      this.#project(layer.down, { m: count, a: gate, c: x, adds: true });
    }
    this.#normalise(count, norm);
    return normed;
  }

  dispose(): void {
    tf.dispose([...this.#scaled.values()]);
  }

  #embed({ count, tokens }: PassRows): void {
    const { hiddenSize: D } = this.#config;
    const { address, precision } = this.#backend.placed(this.#weights.embedding);
    const kernel = precision === 'float32' ? 'gatherRows' : 'gatherHalfRows';
    const from = precision === 'float32' ? [address] : [precisions[precision], address];
    this.#backend.pool.run(kernel, count, rowsPerChunk(D), [D, tokens, ...from, this.#at.x]);
  }

  #normalise(count: number, weight: tf.Variable): void {
    const { hiddenSize: D, rmsNormEpsilon } = this.#config;
    const { x, normed } = this.#at;
    this.#backend.pool.run('rmsNorm', count, rowsPerChunk(D), [D, rmsNormEpsilon, x, this.#backend.address(weight), normed]); // prettier-ignore
  }

  #attend(index: number, { count, slots, positions }: PassRows): void {
    const { query, key, value } = this.#weights.layers[index];
    const { pool } = this.#backend;
    const { normed, qkv, mixed } = this.#at;
    const { qkv: cStride } = activationWidths(this.#config);
    let c = qkv;
    for (const part of [query, key, value]) {
      this.#project(part, { m: count, a: normed, c, cStride });
      c += part.weight.shape[0] * 4;
    }
    const args = [this.#model, index, slots, positions, qkv];
    pool.run('rememberRows', count, rowsPerChunk(cStride), args); // all, before one of them looks back
    const scratch = this.#backend.scratch(pool.kernels.decodeScratch(this.#model, 1));
    pool.run('attendRows', count, 1, [...scratch, ...args, mixed]);
  }

  #project({ weight, bias, adapter }: Linear, product: WeightProduct): void {
    multiplyByWeight(this.#backend, weight, { ...product, bias: bias && this.#backend.address(bias) });
    if (!adapter) return;
    const { low } = this.#at;
    multiplyByWeight(this.#backend, this.#scaled.get(adapter)!, { m: product.m, a: product.a, c: low });
    multiplyByWeight(this.#backend, adapter.b, { ...product, a: low, adds: true });
  }
}
