/**
 * @file Keys and values of what a decoder has read so far, so that each new token costs one position.
 *
 * Use: `KeyValueCache.create` with one row per prompt, `writePrompt` for each layer of the prefill, `select` to give each
 * rewrite of a group its copy of the prompt's row, `decodeAttention` for each layer and token, `select` again when
 * sequences have ended, `dispose`. No gradients here. Letters as in ops.ts; S rows, L the longest sequence.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';

export interface CacheShape {
  readonly layers: number;
  /** S */
  readonly rows: number;
  /** L: prompt and completion together. */
  readonly maxLength: number;
  /** K */
  readonly keyValueHeads: number;
  /** E */
  readonly headSize: number;
}

interface LayerCache {
  /** [S, L, K, E] */
  keys: Tensor4D;
  /** [S, L, K, E] */
  values: Tensor4D;
}

/** The keys and values of all layers. Owns its tensors: dispose it. */
export class KeyValueCache {
  readonly #shape: CacheShape;
  readonly #layers: LayerCache[];
  #rows: number;

  private constructor(shape: CacheShape) {
    this.#shape = shape;
    this.#rows = shape.rows;
    const empty = (): Tensor4D =>
      tf.keep(tf.zeros<tf.Rank.R4>([shape.rows, shape.maxLength, shape.keyValueHeads, shape.headSize]));
    this.#layers = Array.from({ length: shape.layers }, () => ({ keys: empty(), values: empty() }));
  }

  static create(shape: CacheShape): KeyValueCache {
    return new KeyValueCache(shape);
  }

  /** S: how many sequences it holds now. */
  get rows(): number {
    return this.#rows;
  }

  /** A layer's keys and values [S, L, K, E]. They belong to the cache and change with the next write. */
  layer(index: number): Readonly<LayerCache> {
    return this.#layers[index];
  }

  /** Puts a prefill's keys and values [S, T, K, E] at positions 0 to T - 1 of one layer. */
  writePrompt(layer: number, k: Tensor4D, v: Tensor4D): void {
    const padding: [number, number][] = [
      [0, 0],
      [0, this.#shape.maxLength - k.shape[1]],
      [0, 0],
      [0, 0],
    ];
    this.replace(layer, tf.pad(k, padding), tf.pad(v, padding));
  }

  /** Row i becomes what row `rows[i]` was: repeats share a prompt with its group, gaps let finished sequences leave. */
  select(rows: readonly number[] | Int32Array): void {
    const indices = tf.tensor1d(Int32Array.from(rows), 'int32');
    for (let i = 0; i < this.#layers.length; i++) {
      const { keys, values } = this.#layers[i];
      this.replace(i, tf.gather(keys, indices), tf.gather(values, indices));
    }
    indices.dispose();
    this.#rows = rows.length;
  }

  /** Takes over new tensors for a layer. */
  replace(layer: number, keys: Tensor4D, values: Tensor4D): void {
    tf.dispose([this.#layers[layer].keys, this.#layers[layer].values]);
    this.#layers[layer] = { keys: tf.keep(keys), values: tf.keep(values) };
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) tf.dispose([keys, values]);
    this.#layers.length = 0;
  }
}

/**
 * Attention of one new token per row: stores its key and value at the row's position, then reads 0 to that position.
 *
 * q [S, H, E], k and v [S, K, E], positions [S] in [0, L) → [S, H, E]. Rows may be at different positions. With a window
 * only so many positions are seen, the own included.
 */
export function decodeAttention(
  q: Tensor3D,
  k: Tensor3D,
  v: Tensor3D,
  cache: KeyValueCache,
  layer: number,
  positions: Int32Array,
  window?: number,
): Tensor3D {
  store(cache, layer, k, v, positions);
  return tf.tidy(() => attend(q, cache, layer, positions, window));
}

function store(cache: KeyValueCache, layer: number, k: Tensor3D, v: Tensor3D, positions: Int32Array): void {
  const old = cache.layer(layer);
  const length = old.keys.shape[1];
  const [keys, values] = tf.tidy(() => {
    const [all, own] = [tf.range(0, length, 1, 'int32'), tf.tensor2d(positions, [positions.length, 1], 'int32')];
    const here = tf.reshape(tf.equal(all, own), [-1, length, 1, 1]);
    const put = (fresh: Tensor3D, into: Tensor4D): Tensor4D => tf.where(here, tf.expandDims<Tensor4D>(fresh, 1), into);
    return [put(k, old.keys), put(v, old.values)];
  });
  cache.replace(layer, keys, values);
}

function attend(q: Tensor3D, cache: KeyValueCache, layer: number, positions: Int32Array, window?: number): Tensor3D {
  const [rows, heads, headSize] = q.shape;
  const { keys, values } = cache.layer(layer);
  const keyValueHeads = keys.shape[2];
  const length = positions.reduce((longest, position) => Math.max(longest, position + 1), 0);
  const headsFirst = (x: Tensor4D): Tensor3D =>
    tf.reshape(tf.transpose(tf.slice(x, [0, 0, 0, 0], [-1, length, -1, -1]), [0, 2, 1, 3]), [-1, length, headSize]);
  const grouped = tf.reshape(q, [rows * keyValueHeads, heads / keyValueHeads, headSize]);
  const scores = tf.mul(tf.matMul(grouped, headsFirst(keys), false, true), 1 / Math.sqrt(headSize)); // [S·K, H/K, length]
  const [seen, own] = [tf.range(0, length, 1, 'int32'), tf.reshape(tf.tensor1d(positions, 'int32'), [rows, 1, 1])];
  const future = tf.greater(seen, own);
  const hidden = window === undefined ? future : tf.logicalOr(future, tf.lessEqual(seen, tf.sub(own, window)));
  const visible = tf.add(tf.reshape(scores, [rows, heads, length]), tf.mul(tf.cast(hidden, 'float32'), -1e30));
  const weights = tf.reshape(tf.softmax(visible), grouped.shape.with(2, length));
  return tf.reshape(tf.matMul(weights, headsFirst(values)), [rows, heads, headSize]);
}
