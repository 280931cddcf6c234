/**
 * @file Generation on the embedded engine, one hand-off per token for the whole model.
 *
 * Use, for P prompts with G completions each (row = prompt·G + copy):
 *
 *     const decoder = createDecoder(weights, config, { prompts, copies: G, maxNewTokens });  // null: use transformer.ts
 *     let sampled = decoder.prefill(uniforms, sampling);            // reads the prompts, the first token of all P·G rows
 *     sampled = decoder.step(rows, tokens, uniforms, sampling);     // `rows` that go on read `tokens`, sample the next
 *     decoder.dispose();
 *
 * Rows that have ended are simply no longer named. A decoder packs the weights when it is created (milliseconds for
 * models of a few million parameters), so after an update a new one is made; it must not outlive the weights. Weights for
 * whose copy there is no room are read as they are stored, and adapters beside them. Row by row
 * the results do not depend on the other rows or on the number of threads. No gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { rotationOf } from '../rope.ts';
import { penalises, type SampledTokens, type SamplingOptions } from '../sample-tokens.ts';
import type { Decoder, DecoderOptions } from '../decoder.ts';
import type { Adapter, Linear, LayerWeights, ModelConfig, ModelWeights } from '../weights.ts';
import { EmbeddedBackend } from './embedded-backend.ts';
import { cacheLength, decoderBytes, repacks, SPARE_BYTES } from './decoder-size.ts';
import { multiply } from './products.ts';
import { rotaryTables } from './rotary-tables.ts';
import { precisions, type Stored } from './storage.ts';

/** What a Matrix record says of weights that are repacked. */
const packed = -1;

/** A decoder for these prompts, or null where the embedded engine is not the active backend. */
export function createDecoder(
  weights: ModelWeights,
  config: ModelConfig,
  options: DecoderOptions,
): EmbeddedDecoder | null {
  const backend = tf.backend();
  if (!(backend instanceof EmbeddedBackend)) return null;
  const bytes = decoderBytes(config, options);
  const isHalf = backend.placed(weights.layers[0].down.weight).precision !== 'float32';
  const room = backend.shared.heap.roomBytes - bytes.others - SPARE_BYTES;
  return new EmbeddedDecoder(backend, weights, config, options, repacks(bytes.packed, isHalf, room));
}

export class EmbeddedDecoder implements Decoder {
  readonly rows: number;
  readonly #backend: EmbeddedBackend;
  readonly #config: ModelConfig;
  readonly #options: DecoderOptions;
  /** Whether weights are copied in the order in which the kernels read them fastest, adapters added to them. */
  readonly #repacks: boolean;
  readonly #blocks: number[] = [];
  /** Address of the kernels' Model record. */
  readonly #model: number;
  readonly #sampling: number;
  readonly #logits: number;
  /** Where each row's next token goes. */
  readonly #positions: Int32Array;
  /** Address of a bit for each row and token that prompt or completion has; 0 until a repetition penalty needs it. */
  #seen = 0;

  constructor(
    backend: EmbeddedBackend,
    weights: ModelWeights,
    config: ModelConfig,
    options: DecoderOptions,
    repacks = true,
  ) {
    this.#backend = backend;
    this.#config = config;
    this.#options = options;
    this.#repacks = repacks;
    this.rows = options.prompts.length * options.copies;
    this.#positions = Int32Array.from(
      { length: this.rows },
      (_, row) => options.prompts[Math.floor(row / options.copies)].length,
    );
    try {
      this.#model = this.#describe(weights);
      this.#sampling = this.#allocate(24);
      this.#logits = this.#allocate(Math.max(this.rows, options.prompts.length) * config.vocabularySize * 4);
    } catch (error) {
      this.dispose(); // the heap was full half-way
      throw error;
    }
  }

  prefill(uniforms: Float32Array, sampling: SamplingOptions): SampledTokens {
    const { prompts, copies } = this.#options;
    const { pool } = this.#backend;
    const starts = [0];
    for (const prompt of prompts) starts.push(starts.at(-1)! + prompt.length);
    const arrays = [
      starts,
      prompts.flat(),
      prompts.flatMap((prompt, p) => prompt.map(() => p * copies)),
      prompts.flatMap((prompt) => prompt.map((_, t) => t)),
    ].map((values) => this.#ints(values));
    const scratch = this.#backend.scratch(pool.kernels.decodeScratch(this.#model, 1));
    pool.run('readPrompts', prompts.length, 1, [...scratch, this.#model, ...arrays, this.#logits]);
    for (const address of arrays) this.#release(address);
    pool.run('sharePrompts', this.rows, 1, [this.#model, copies]);
    const rows = Int32Array.from({ length: this.rows }, (_, row) => row);
    if (penalises(sampling)) this.#rememberPrompts();
    const sources = rows.map((row) => Math.floor(row / copies));
    return this.#run('sampleRows', 1, rows, new Int32Array(this.rows), sources, uniforms, sampling);
  }

  step(rows: Int32Array, tokens: Int32Array, uniforms: Float32Array, sampling: SamplingOptions): SampledTokens {
    const { pool } = this.#backend;
    const tile = pool.kernels.paddedRows(1);
    const grain = Math.ceil(rows.length / pool.threads / chunksPerThread / tile) * tile;
    const sources = rows.map((_, i) => i);
    if (this.#seen !== 0) for (const [i, row] of rows.entries()) this.#remember(row, [tokens[i]]);
    const sampled = this.#run('decodeStep', grain, rows, tokens, sources, uniforms, sampling);
    for (const row of rows) this.#positions[row]++;
    return sampled;
  }

  dispose(): void {
    for (const address of this.#blocks) this.#backend.shared.heap.free(address);
    this.#blocks.length = 0;
  }

  /** Runs a kernel over the rows of one step and reads what it sampled. */
  #run(
    kernel: 'sampleRows' | 'decodeStep',
    grain: number,
    rows: Int32Array,
    tokens: Int32Array,
    sources: Int32Array,
    uniforms: Float32Array,
    { temperature, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 }: SamplingOptions,
  ): SampledTokens {
    const { shared, pool } = this.#backend;
    this.#check(rows, tokens, uniforms);
    const count = rows.length;
    const isGreedy = temperature === 0;
    shared.ints(this.#sampling, 4).set([isGreedy ? 1 : 0, 0, topK, 0]);
    const floats = shared.floats(this.#sampling, 6);
    floats[1] = isGreedy ? 1 : 1 / temperature;
    floats[3] = topP;
    floats[4] = minP;
    floats[5] = repetitionPenalty;
    const positions = Int32Array.from(rows, (row) => this.#positions[row]);
    const inputs = [tokens, rows, positions].map((values) => this.#ints(values));
    const sourcesAt = this.#ints(sources);
    const uniformsAt = this.#allocate(count * 4);
    shared.floats(uniformsAt, count).set(uniforms);
    const outputs = [0, 1, 2].map(() => this.#allocate(count * 4));
    const step = this.#ints([...inputs, this.#logits, sourcesAt, uniformsAt, this.#seen, ...outputs]);
    const scratch = this.#backend.scratch(pool.kernels.decodeScratch(this.#model, grain));
    pool.run(kernel, count, grain, [...scratch, this.#model, step, this.#sampling]);
    const sampled = {
      tokens: shared.ints(outputs[0], count).slice(),
      logProbs: shared.floats(outputs[1], count).slice(),
      samplingLogProbs: shared.floats(outputs[2], count).slice(),
    };
    for (const address of [step, ...inputs, sourcesAt, uniformsAt, ...outputs]) this.#release(address);
    return sampled;
  }

  #rememberPrompts(): void {
    const { prompts, copies } = this.#options;
    this.#seen = this.#allocate(this.rows * this.#seenWords * 4);
    this.#backend.shared.ints(this.#seen, this.rows * this.#seenWords).fill(0);
    for (let row = 0; row < this.rows; row++) this.#remember(row, prompts[Math.floor(row / copies)]);
  }

  #remember(row: number, tokens: readonly number[]): void {
    const bits = this.#backend.shared.ints(this.#seen + row * this.#seenWords * 4, this.#seenWords);
    for (const token of tokens) bits[token >> 5] |= 1 << (token & 31);
  }

  /** Words of bits for each row. */
  get #seenWords(): number {
    return Math.ceil(this.#config.vocabularySize / 32);
  }

  /** A wrong row, token or length would make a kernel write anywhere. */
  #check(rows: Int32Array, tokens: Int32Array, uniforms: Float32Array): void {
    if (tokens.length !== rows.length || uniforms.length !== rows.length) {
      throw new Error(`${rows.length} rows need as many tokens (${tokens.length}) and numbers (${uniforms.length})`);
    }
    const limit = cacheLength(this.#options);
    if (rows.some((row) => row < 0 || row >= this.rows || this.#positions[row] >= limit)) {
      throw new RangeError(`a row is not one of ${this.rows}, or has had its ${this.#options.maxNewTokens} tokens`);
    }
    const wrong = tokens.find((token) => token < 0 || token >= this.#config.vocabularySize);
    if (wrong !== undefined)
      throw new RangeError(`token ${wrong} is not in a vocabulary of ${this.#config.vocabularySize}`);
  }

  /** Writes the kernels' Model record (the order of kernels/model.ts) and everything it points to. */
  #describe(weights: ModelWeights): number {
    const { shared } = this.#backend;
    const config = this.#config;
    const length = cacheLength(this.#options);
    const cache = config.layers * this.rows * config.keyValueHeads * config.headSize * length;
    const layers = weights.layers.flatMap((layer, index) => this.#layer(layer, config.windows?.[index]));
    const tables = rotaryTables(this.#backend, rotationOf(config), [length]);
    const sizes = [
      config.hiddenSize,
      config.layers,
      config.heads,
      config.keyValueHeads,
      config.headSize,
      config.feedForwardSize,
      config.vocabularySize,
      this.rows,
      length,
    ];
    const embedding = this.#backend.placed(weights.embedding);
    if (embedding.isFar) throw new Error('a decoder reads single rows of the embedding, so that must be near');
    const addresses = [
      this.#ints(layers),
      embedding.address,
      precisions[embedding.precision],
      this.#backend.address(weights.norm),
      this.#matrix([{ weight: weights.head }]),
      tables.cos,
      tables.sin,
      this.#allocate(cache * 4),
      this.#allocate(cache * 4),
    ];
    const besides = this.#repacks ? [] : weights.layers.flatMap(adaptersOf);
    const ranks = besides.map(({ a }) => a.shape[0]);
    const mostRank = Math.max(0, ...ranks);
    const model = this.#ints([...sizes, 0, mostRank, ...addresses]);
    shared.floats(model, sizes.length + 1)[sizes.length] = config.rmsNormEpsilon;
    return model;
  }

  /** The words of a Layer record. */
  #layer(layer: LayerWeights, window = 0): number[] {
    const { query, key, value, output, gate, up, down } = layer;
    const product = (parts: readonly Linear[]): number[] => [this.#matrix(parts), this.#bias(parts)];
    return [
      this.#backend.address(layer.inputNorm),
      ...product([query, key, value]),
      layer.queryNorm ? this.#backend.address(layer.queryNorm) : 0,
      layer.keyNorm ? this.#backend.address(layer.keyNorm) : 0,
      window,
      ...product([output]),
      this.#backend.address(layer.postNorm),
      ...product([gate, up]),
      ...product([down]),
    ];
  }

  /** The address of Matrix records for projections that stand side by side. */
  #matrix(parts: readonly Linear[]): number {
    if (this.#repacks) {
      const outputs = parts.reduce((sum, { weight }) => sum + weight.shape[0], 0);
      return this.#ints([this.#pack(parts), packed, 0, outputs, 0, 0, 0, 0]);
    }
    return parts.reduceRight((next, { weight, adapter }) => {
      const { address, precision, isFar } = this.#backend.placed(weight);
      const adapterWords = this.#adapter(adapter);
      return this.#ints([address, precisions[precision], isFar ? 1 : 0, weight.shape[0], ...adapterWords, next]);
    }, 0);
  }

  /** Rank, A and scale · B; zeros without an adapter. */
  #adapter(adapter?: Adapter): number[] {
    if (!adapter) return [0, 0, 0];
    const { a, b, scale } = adapter;
    const scaled = this.#allocate(b.size * 4);
    const values = this.#backend.shared.floats(scaled, b.size);
    for (const [i, value] of this.#values(b).entries()) values[i] = scale * value;
    return [a.shape[0], this.#backend.address(a), scaled];
  }

  /** Matrices [out, in] below each other, adapters added to them, repacked for the product kernel. */
  #pack(parts: readonly Linear[]): number {
    const { pool } = this.#backend;
    const [{ weight: first, adapter }] = parts;
    const depth = first.shape[1]!;
    const columns = parts.reduce((sum, { weight }) => sum + weight.shape[0], 0);
    const panel = pool.kernels.padded(1);
    const total = pool.kernels.padded(columns);
    const panels = this.#allocate(depth * total * 4);
    const pack = ({ address, precision }: Stored): void => {
      pool.run('packPanels', total / panel, 4, [depth, columns, address, 1, depth, precisions[precision], panels]);
    };
    if (parts.length === 1 && !adapter) {
      this.#backend.withStored(first, pack);
    } else {
      const joined = this.#join(parts);
      pack({ address: joined, precision: 'float32' });
      this.#release(joined);
    }
    return panels;
  }

  /** One bias for several projections side by side; 0 when none has one. */
  #bias(parts: readonly Linear[]): number {
    if (parts.every((part) => part.bias === undefined)) return 0;
    const sizes = parts.map((part) => part.weight.shape[0]);
    const joined = this.#allocate(sizes.reduce((sum, size) => sum + size, 0) * 4);
    let at = joined;
    for (const [i, part] of parts.entries()) {
      const values = this.#backend.shared.floats(at, sizes[i]);
      if (part.bias) values.set(this.#values(part.bias));
      else values.fill(0);
      at += sizes[i] * 4;
    }
    return joined;
  }

  #join(parts: readonly Linear[]): number {
    const joined = this.#allocate(parts.reduce((sum, { weight }) => sum + weight.size, 0) * 4);
    let at = joined;
    for (const { weight, adapter } of parts) {
      this.#copy(weight, at);
      if (adapter) this.#merge(adapter, at);
      at += weight.size * 4;
    }
    return joined;
  }

  #copy(weight: Variable, to: number): void {
    const { shared, pool } = this.#backend;
    this.#backend.withStored(weight, ({ address, precision }) => {
      if (precision === 'float32') shared.floats(to, weight.size).set(shared.floats(address, weight.size));
      else pool.run('widen', weight.size, 1 << 16, [precisions[precision], address, to]);
    });
  }

  /** Adds scale · B·A to the matrix at an address. */
  #merge({ a, b, scale }: Adapter, matrix: number): void {
    const [outputs, rank] = b.shape;
    const inputs = a.shape[1]!;
    const scaled = tf.mul(b, scale);
    multiply(this.#backend, {
      m: outputs,
      n: inputs,
      k: rank,
      a: this.#backend.address(scaled),
      aStrides: [rank, 1],
      b: this.#backend.address(a),
      bStrides: [inputs, 1],
      c: matrix,
      adds: true,
    });
    scaled.dispose();
  }

  /** The live values of a tensor. */
  #values(tensor: Variable): Float32Array {
    return this.#backend.shared.floats(this.#backend.address(tensor), tensor.size);
  }

  #ints(values: readonly number[] | Int32Array): number {
    const address = this.#allocate(values.length * 4);
    this.#backend.shared.ints(address, values.length).set(values);
    return address;
  }

  #allocate(bytes: number): number {
    const address = this.#backend.shared.heap.allocate(bytes);
    this.#blocks.push(address);
    return address;
  }

  #release(address: number): void {
    this.#backend.shared.heap.free(address);
    this.#blocks.splice(this.#blocks.lastIndexOf(address), 1);
  }
}

function adaptersOf(layer: LayerWeights): Adapter[] {
  const { query, key, value, output, gate, up, down } = layer;
  return [query, key, value, output, gate, up, down].flatMap(({ adapter }) => adapter ?? []);
}

/** More chunks than threads, so that a thread that is held up holds up less; but each chunk reads all weights. */
const chunksPerThread = 2;
