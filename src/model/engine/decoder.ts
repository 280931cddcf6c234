/**
 * @file Generation on the embedded engine: one hand-off per token for the whole model, or for a large one several per layer.
 *
 * Use, for P prompts with G completions each (row = prompt·G + copy):
 *
 *     const decoder = createDecoder(weights, config, { prompts, copies: G, maxNewTokens });  // null: use transformer.ts
 *     let sampled = decoder.prefill(uniforms, sampling);            // reads the prompts, the first token of all P·G rows
 *     sampled = decoder.step(rows, tokens, uniforms, sampling);     // `rows` that go on read `tokens`, sample the next
 *     decoder.dispose();
 *
 * Rows that have ended are simply no longer named. A decoder packs the weights when it is created (milliseconds for
 * models of a few million parameters), so after an update a new one is made; it must not outlive the weights. Larger ones
 * are read as they are stored (layer-pass.ts). Row by row the results do not depend on the other rows or on the number of
 * threads. No gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import { rotationOf } from '../rope.ts';
import { penalises, type SampledTokens, type SamplingOptions } from '../sample-tokens.ts';
import type { Decoder, DecoderOptions } from '../decoder.ts';
import type { LayerWeights, ModelConfig, ModelWeights } from '../weights.ts';
import { EmbeddedBackend } from './embedded-backend.ts';
import { cacheLength, decoderBytes, passRows, promptTokens, repacks, SPARE_BYTES } from './decoder-size.ts';
import { LayerPass, type PassRows } from './layer-pass.ts';
import { packLayer, packMatrix, type PackedLayer } from './packed-weights.ts';
import { multiplyByWeight } from './products.ts';
import { rotaryTables } from './rotary-tables.ts';
import { precisions } from './storage.ts';

/** In the records of a model that is read as it is stored. */
const NOT_PACKED: PackedLayer = {
  qkv: 0,
  qkvBias: 0,
  output: 0,
  outputBias: 0,
  gateUp: 0,
  gateUpBias: 0,
  down: 0,
  downBias: 0,
};

/** A decoder for these prompts, or null where the embedded engine is not the active backend. */
export function createDecoder(
  weights: ModelWeights,
  config: ModelConfig,
  options: DecoderOptions,
): EmbeddedDecoder | null {
  const backend = tf.backend();
  if (!(backend instanceof EmbeddedBackend)) return null;
  const bytes = decoderBytes(config, options);
  const room = backend.shared.heap.roomBytes - bytes.others - SPARE_BYTES;
  return new EmbeddedDecoder(backend, weights, config, options, repacks(bytes.packed, room));
}

export class EmbeddedDecoder implements Decoder {
  readonly rows: number;
  readonly #backend: EmbeddedBackend;
  readonly #config: ModelConfig;
  readonly #options: DecoderOptions;
  readonly #weights: ModelWeights;
  /** Takes tokens through a model that is read as it is stored; undefined for one whose weights are packed. */
  readonly #pass?: LayerPass;
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
    this.#weights = weights;
    this.rows = options.prompts.length * options.copies;
    this.#positions = Int32Array.from(
      { length: this.rows },
      (_, row) => options.prompts[Math.floor(row / options.copies)].length,
    );
    try {
      this.#model = this.#describe(repacks);
      this.#sampling = this.#allocate(24);
      this.#logits = this.#allocate(Math.max(this.rows, options.prompts.length) * config.vocabularySize * 4);
      if (!repacks) {
        const allocate = (bytes: number): number => this.#allocate(bytes);
        this.#pass = new LayerPass(backend, weights, config, this.#model, passRows(options), allocate);
      }
    } catch (error) {
      this.dispose(); // the heap was full half-way
      throw error;
    }
  }

  prefill(uniforms: Float32Array, sampling: SamplingOptions): SampledTokens {
    const { prompts, copies } = this.#options;
    const { pool } = this.#backend;
    const arrays = {
      tokens: this.#ints(prompts.flat()),
      slots: this.#ints(prompts.flatMap((prompt, p) => prompt.map(() => p * copies))),
      positions: this.#ints(prompts.flatMap((prompt) => prompt.map((_, t) => t))),
    };
    if (this.#pass) this.#readStored(this.#pass, arrays);
    else this.#readPacked(arrays);
    for (const address of Object.values(arrays)) this.#release(address);
    pool.run('sharePrompts', this.rows, 1, [this.#model, copies]);
    const rows = Int32Array.from({ length: this.rows }, (_, row) => row);
    if (penalises(sampling)) this.#rememberPrompts();
    const sources = rows.map((row) => Math.floor(row / copies));
    return this.#sample(rows, new Int32Array(this.rows), sources, uniforms, sampling, false);
  }

  step(rows: Int32Array, tokens: Int32Array, uniforms: Float32Array, sampling: SamplingOptions): SampledTokens {
    const sources = rows.map((_, i) => i);
    if (this.#seen !== 0) for (const [i, row] of rows.entries()) this.#remember(row, [tokens[i]]);
    const sampled = this.#sample(rows, tokens, sources, uniforms, sampling, true);
    for (const row of rows) this.#positions[row]++;
    return sampled;
  }

  dispose(): void {
    for (const address of this.#blocks) this.#backend.shared.heap.free(address);
    this.#blocks.length = 0;
    this.#pass?.dispose();
  }

  /** Leaves the logits of what follows each prompt. */
  #readPacked({ tokens, slots, positions }: Omit<PassRows, 'count'>): void {
    const { prompts } = this.#options;
    const { pool } = this.#backend;
    const starts = [0];
    for (const prompt of prompts) starts.push(starts.at(-1)! + prompt.length);
    const startsAt = this.#ints(starts);
    const scratch = this.#backend.scratch(pool.kernels.decodeScratch(this.#model, 1));
    const args = [...scratch, this.#model, startsAt, tokens, slots, positions, this.#logits];
    pool.run('readPrompts', prompts.length, 1, args);
    this.#release(startsAt);
  }

  /** The same with the tokens of all prompts in one row, as many of them at a time as a pass takes. */
  #readStored(pass: LayerPass, { tokens, slots, positions }: Omit<PassRows, 'count'>): void {
    const { prompts } = this.#options;
    const { shared } = this.#backend;
    const { hiddenSize: D } = this.#config;
    const last = this.#allocate(prompts.length * D * 4); // hidden states of each prompt's last token
    const rows = passRows(this.#options);
    const total = promptTokens(this.#options);
    for (let first = 0; first < total; first += rows) {
      const count = Math.min(rows, total - first);
      const [tokensAt, slotsAt, positionsAt] = [tokens, slots, positions].map((address) => address + first * 4);
      const hidden = pass.run({ count, tokens: tokensAt, slots: slotsAt, positions: positionsAt });
      let end = -1;
      for (const [p, prompt] of prompts.entries()) {
        end += prompt.length;
        if (end < first || end >= first + count) continue;
        shared.floats(last + p * D * 4, D).set(shared.floats(hidden + (end - first) * D * 4, D));
      }
    }
    this.#project(prompts.length, last);
    this.#release(last);
  }

  /** Logits of hidden states [rows, D]. */
  #project(rows: number, hidden: number): void {
    multiplyByWeight(this.#backend, this.#weights.head, { m: rows, a: hidden, c: this.#logits });
  }

  /** Samples a token for each row from the logits that its source names; with `reads`, after the row has read a token. */
  #sample(
    rows: Int32Array,
    tokens: Int32Array,
    sources: Int32Array,
    uniforms: Float32Array,
    { temperature, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 }: SamplingOptions,
    reads: boolean,
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
    if (reads && this.#pass) {
      const [tokensAt, slotsAt, positionsAt] = inputs;
      this.#project(count, this.#pass.run({ count, tokens: tokensAt, slots: slotsAt, positions: positionsAt }));
    }
    const readsToo = reads && !this.#pass;
    const grain = readsToo ? this.#rowsInChunk(count) : 1;
    const scratch = this.#backend.scratch(pool.kernels.decodeScratch(this.#model, grain));
    pool.run(readsToo ? 'decodeStep' : 'sampleRows', count, grain, [...scratch, this.#model, step, this.#sampling]);
    const sampled = {
      tokens: shared.ints(outputs[0], count).slice(),
      logProbs: shared.floats(outputs[1], count).slice(),
      samplingLogProbs: shared.floats(outputs[2], count).slice(),
    };
    for (const address of [step, ...inputs, sourcesAt, uniformsAt, ...outputs]) this.#release(address);
    return sampled;
  }

  #rowsInChunk(count: number): number {
    const { kernels, sharing } = this.#backend.pool;
    const tile = kernels.paddedRows(1);
    return Math.ceil(count / sharing / chunksPerThread / tile) * tile;
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
  #describe(packs: boolean): number {
    const { shared } = this.#backend;
    const config = this.#config;
    const weights = this.#weights;
    const length = cacheLength(this.#options);
    const cache = config.layers * this.rows * config.keyValueHeads * config.headSize * length;
    const allocate = (bytes: number): number => this.#allocate(bytes);
    const layers = weights.layers.flatMap((layer, index) => {
      const packed = packs ? packLayer(this.#backend, layer, allocate) : NOT_PACKED;
      return this.#layer(layer, packed, config.windows?.[index]);
    });
    const tables = rotaryTables(this.#backend, rotationOf(config), length);
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
      packs ? packMatrix(this.#backend, [{ weight: weights.head }], allocate) : 0,
      tables.cos,
      tables.sin,
      this.#allocate(cache * 4),
      this.#allocate(cache * 4),
    ];
    const model = this.#ints([...sizes, 0, ...addresses]);
    shared.floats(model, sizes.length + 1)[sizes.length] = config.rmsNormEpsilon;
    return model;
  }

  /** The words of a Layer record. */
  #layer({ inputNorm, queryNorm, keyNorm, postNorm }: LayerWeights, packed: PackedLayer, window = 0): number[] {
    const address = (weight?: tf.Variable): number => (weight ? this.#backend.address(weight) : 0);
    return [
      address(inputNorm),
      packed.qkv,
      packed.qkvBias,
      address(queryNorm),
      address(keyNorm),
      window,
      packed.output,
      packed.outputBias,
      address(postNorm),
      packed.gateUp,
      packed.gateUpBias,
      packed.down,
      packed.downBias,
    ];
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

/** More chunks than threads, so that a thread that is held up holds up less; but each chunk reads all weights. */
const chunksPerThread = 2;
