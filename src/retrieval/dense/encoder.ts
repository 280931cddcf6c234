/**
 * @file Texts to vectors by an ONNX sentence encoder, run with `@huggingface/transformers` from a local folder in Hugging
 * Face's layout. Nothing is ever downloaded.
 *
 * The package is loaded when an encoder is opened and is not part of the bundle: it brings native code of 290 MB for all
 * platforms. The runtime's WebAssembly build could be bundled, and was measured at a quarter of the native one's speed on
 * one thread and a tenth on two (7 against 30 and 62 documents/s with all-MiniLM-L6-v2), which makes an hour out of ten
 * minutes for 25,000 products.
 *
 * A batch holds texts of one length in tokens only, so nothing is padded: a vector does not depend on its neighbours, not
 * even in its last bit, and a rewrite's reward neither.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import type { PreTrainedModel, PreTrainedTokenizer, Tensor } from '@huggingface/transformers';
import { UserError, messageOf } from '../../base/errors.ts';
import { sha256OfFile } from '../../base/file-hash.ts';
import { type EncoderSettings, type GivenSettings, encoderSettings } from './encoder-settings.ts';
import { type Tokenize, tokenizeWith } from './tokens.ts';

export const DEVICES = ['cpu', 'webgpu'] as const;
export type Device = (typeof DEVICES)[number];

export interface EncoderOptions extends GivenSettings {
  /** The folder: config.json, tokenizer.json, onnx/model.onnx. */
  readonly dir: string;
  /** What computes; the processor unless given. */
  readonly device?: Device | undefined;
  /** Texts in one batch at most. */
  readonly batchSize?: number | undefined;
}

export type Role = 'query' | 'document';

export interface EncodeOptions {
  readonly signal?: AbortSignal;
  /** Awaited after each batch, with the number of texts that are done. */
  readonly onProgress?: (done: number) => void | Promise<void>;
}

export interface Encoder {
  /** The folder's name. */
  readonly name: string;
  readonly dir: string;
  readonly settings: EncoderSettings;
  /** Of all that makes a document's vector: the files, and the settings but the queries' prefix. In hexadecimal. */
  readonly fingerprint: string;
  readonly dimensions: number;
  /**
   * One vector per text.
   *
   * @throws EncodingError when the runtime fails, or gives what is not a finite number.
   */
  encode(texts: readonly string[], role: Role, options?: EncodeOptions): Promise<Float32Array[]>;
  /** Frees the model. */
  dispose(): Promise<void>;
}

/** An encoder that could not answer: a state of the search, as a server that is down. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
}

const PACKAGE = '@huggingface/transformers';
const DEFAULT_BATCH = 32;
/** Tokens in one batch at most: attention over 16 texts of 512 takes 200 MB in a model with twelve heads. */
const BATCH_TOKENS = 8192;
const FILES = ['config.json', 'tokenizer.json', 'onnx/model.onnx'];
/** Where models above 2 GB keep their weights. */
const OPTIONAL_FILES = ['onnx/model.onnx_data'];

type Transformers = typeof import('@huggingface/transformers');

/**
 * Opens an encoder.
 *
 * @throws UserError when the package or a file is missing, or when the model cannot be run on the device.
 */
export async function openEncoder({ dir, device = 'cpu', batchSize, ...given }: EncoderOptions): Promise<Encoder> {
  const missing = FILES.find((file) => !existsSync(join(dir, file)));
  if (missing !== undefined) {
    throw new UserError(
      `${join(dir, missing)} is missing; an encoder is a folder with ${FILES.join(', ')}, as Hugging Face lays it out.`,
    );
  }
  const transformers = loadTransformers();
  const settings = await encoderSettings(dir, given);
  const { tokenizer, model } = await loadModel(transformers, resolve(dir), device);
  const tokenize = await tokenizeWith(tokenizer, dir, settings.maxTokens);
  const encode = encodeWith(transformers, tokenize, model, settings, batchSize ?? DEFAULT_BATCH);
  const [probe] = await encode([''], 'query').catch((error: unknown) => {
    throw error instanceof EncodingError ? new UserError(`${dir} does not encode: ${error.message}`) : error;
  });
  return {
    name: basename(resolve(dir)),
    dir: resolve(dir),
    settings,
    fingerprint: await fingerprint(dir, settings),
    dimensions: probe.length,
    encode,
    dispose: async () => {
      await model.dispose();
    },
  };
}

/** The package from beside this program or, for a packaged extension, from the working folder. */
function loadTransformers(): Transformers {
  const places = [import.meta.url, join(process.cwd(), 'package.json')];
  const path = places.map(packageFrom).find((found) => found !== undefined);
  if (path === undefined) {
    throw new UserError(
      `Dense retrieval needs the package ${PACKAGE}, which is not installed; ` +
        `run npm install ${PACKAGE} in ${process.cwd()}.`,
    );
  }
  try {
    return createRequire(path)(path) as Transformers;
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    throw new UserError(`${PACKAGE} in ${path} cannot be loaded on ${platform}: ${messageOf(error)}`);
  }
}

/** The package's entry as a module at `place` would find it. */
function packageFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve(PACKAGE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function loadModel(
  { AutoModel, AutoTokenizer, env }: Transformers,
  dir: string,
  device: Device,
): Promise<{ tokenizer: PreTrainedTokenizer; model: PreTrainedModel }> {
  env.allowRemoteModels = false;
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(dir);
    const model = await AutoModel.from_pretrained(dir, { dtype: 'fp32', device });
    return { tokenizer, model };
  } catch (error) {
    throw new UserError(`The encoder in ${dir} cannot be opened on ${device}: ${messageOf(error)}`);
  }
}

function encodeWith(
  { Tensor }: Transformers,
  tokenize: Tokenize,
  model: PreTrainedModel,
  settings: EncoderSettings,
  batchSize: number,
): Encoder['encode'] {
  const run = async (batch: readonly (readonly number[])[]): Promise<Tensor> => {
    const shape = [batch.length, batch[0].length];
    const int64 = (values: readonly number[]): Tensor => new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
    const ids = batch.flat();
    try {
      const output = (await model({
        input_ids: int64(ids),
        attention_mask: int64(ids.map(() => 1)),
      })) as Readonly<Partial<Record<string, Tensor>>>;
      const states = output['last_hidden_state'] ?? output['token_embeddings'];
      if (states) return states;
      throw new Error(`its outputs are ${Object.keys(output).join(', ')}, and none is last_hidden_state`);
    } catch (error) {
      throw new EncodingError(messageOf(error));
    }
  };
  return async (texts, role, { signal, onProgress } = {}) => {
    const prefix = role === 'query' ? settings.queryPrefix : settings.documentPrefix;
    const tokens = texts.map((text) => tokenize(prefix + text));
    const vectors: Float32Array[] = [];
    let done = 0;
    for (const batch of batchesOfOneLength(tokens, batchSize)) {
      signal?.throwIfAborted();
      const states = await run(batch.map((place) => tokens[place]));
      const pooled = pool(states, settings);
      batch.forEach((place, i) => (vectors[place] = pooled[i]));
      await onProgress?.((done += batch.length));
    }
    return vectors;
  };
}

/** Places of texts, in batches whose texts have the same number of tokens. */
function batchesOfOneLength(tokens: readonly (readonly number[])[], batchSize: number): number[][] {
  const byLength = Map.groupBy(tokens.keys(), (place) => tokens[place].length);
  return Array.from(byLength).flatMap(([length, places]) => {
    const size = Math.max(1, Math.min(batchSize, Math.floor(BATCH_TOKENS / length)));
    return Array.from({ length: Math.ceil(places.length / size) }, (_, i) => places.slice(i * size, (i + 1) * size));
  });
}

/** [batch, tokens, dimensions] to one vector per text. */
function pool({ data, dims }: Tensor, settings: EncoderSettings): Float32Array[] {
  const [batch, tokens, dimensions] = dims;
  const size = tokens * dimensions;
  return Array.from({ length: batch }, (_, text) =>
    poolText((data as Float32Array).subarray(text * size, (text + 1) * size), dimensions, settings),
  );
}

function poolText(states: Float32Array, dimensions: number, { pooling, normalize }: EncoderSettings): Float32Array {
  const used = pooling === 'cls' ? dimensions : states.length;
  const sum = new Float64Array(dimensions);
  for (let i = 0; i < used; i++) sum[i % dimensions] += states[i];
  let divisor = used / dimensions;
  if (normalize) divisor = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0)) || 1;
  const vector = Float32Array.from(sum, (value) => value / divisor);
  if (!vector.every(Number.isFinite)) throw new EncodingError('the model gave a vector that is not finite');
  return vector;
}

async function fingerprint(dir: string, settings: EncoderSettings): Promise<string> {
  const { pooling, normalize, documentPrefix, maxTokens } = settings;
  const hash = createHash('sha256').update(JSON.stringify([pooling, normalize, documentPrefix, maxTokens]));
  for (const file of [...FILES, ...OPTIONAL_FILES.filter((name) => existsSync(join(dir, name)))]) {
    hash.update(await sha256OfFile(join(dir, file)));
  }
  return hash.digest('hex');
}
