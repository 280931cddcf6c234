/** @file A model folder in Hugging Face's layout: configuration and weights, in and out. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { rowOf } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import { farWeights } from './far-weights.ts';
import { filledVariable, frozenVariable } from './filled-variable.ts';
import { type GenerationConfig, readGenerationConfig, tokenIds } from './generation-config.ts';
import { modelConfig } from './model-config.ts';
import { parameterShapes } from './parameter-shapes.ts';
import { type DType, storedTensors, type TensorSource, writeSafetensors } from './safetensors.ts';
import { weightFiles } from './weight-files.ts';
import type { Linear, LayerWeights, ModelConfig, ModelWeights } from './weights.ts';

export interface ModelDescription {
  readonly config: ModelConfig;
  /** `config.json` as it was read: written back unchanged with every checkpoint. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** What the model's makers suggest for sampling; offered to the user, never applied by itself. */
  readonly generation: GenerationConfig;
  readonly endIds: readonly number[];
}

/** @throws UserError for a missing file, an unknown architecture or a number that makes no sense. */
export async function describeModel(dir: string): Promise<ModelDescription> {
  const path = join(dir, 'config.json');
  const raw = rowOf(await readJson(path), path);
  const generation = await readGenerationConfig(dir);
  return {
    config: modelConfig(raw, path),
    raw,
    generation,
    endIds: [...tokenIds(raw.eos_token_id), ...generation.endIds],
  };
}

/** Trainable weights and the same parameters by name; both views share the variables. Disposed with `disposeParameters`. */
export interface LoadedWeights {
  readonly weights: ModelWeights;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

export interface LoadingOptions {
  /** Nothing will train these weights: they may stay in the half precision of their file. */
  readonly isFrozen?: boolean;
  /** See `farWeights`. */
  readonly nearBytes?: number;
}

/**
 * Reads tensor by tensor into the active engine's memory, once the headers of all files have been found to be those of this model.
 *
 * @throws UserError as `storedTypes`.
 */
export async function loadWeights(
  dir: string,
  description: ModelDescription,
  { isFrozen = false, nearBytes }: LoadingOptions = {},
): Promise<LoadedWeights> {
  const { config } = description;
  const types = await storedTypes(dir, description);
  const parameters = new Map<string, tf.Variable>();
  const far = farWeights(config, nearBytes);
  try {
    for (const path of await weightFiles(dir)) {
      for await (const tensor of storedTensors(path)) {
        const { name, shape, readInto } = tensor;
        if (!types.has(name)) continue;
        parameters.set(
          name,
          await (isFrozen ? frozenVariable(tensor, far.has(name)) : filledVariable(shape, readInto)),
        );
      }
    }
  } catch (error) {
    disposeParameters(parameters);
    throw error;
  }
  return { weights: weightsOf(config, parameters), parameters: inOrder(types, parameters) };
}

/**
 * How the files of a model store each of its parameters, in the parameters' order. Headers are read, and no values.
 *
 * @throws UserError for a missing file, shard or tensor, or a shape that `config.json` does not call for.
 */
export async function storedTypes(dir: string, { config }: ModelDescription): Promise<ReadonlyMap<string, DType>> {
  const shapes = parameterShapes(config);
  const found = new Map<string, DType>();
  for (const path of await weightFiles(dir)) {
    for await (const { name, shape, dtype } of storedTensors(path)) {
      const expected = shapes.get(name);
      if (!expected) continue; // such as a stored copy of tied embeddings, or rotary buffers
      if (shape.join() !== expected.join()) {
        throw new UserError(
          `${path}: ${name} is [${shape.join(', ')}], but config.json calls for [${expected.join(', ')}]; take both from the same model.`,
        );
      }
      if (found.has(name)) throw new UserError(`${path}: ${name} is in another shard too; download the folder again.`);
      found.set(name, dtype);
    }
  }
  const missing = [...shapes.keys()].find((name) => !found.has(name));
  if (missing === undefined) return inOrder(shapes, found);
  throw new UserError(`${dir} has no tensor ${missing}; a shard may be missing, so download the folder again.`);
}

/** Writes `config.json` (with the type of the numbers changed) and `model.safetensors`. The tokenizer's files are copied by the caller. */
export async function saveWeights(
  dir: string,
  raw: Readonly<Record<string, unknown>>,
  tensors: ReadonlyMap<string, TensorSource>,
  dtype: DType = 'F32',
): Promise<void> {
  await writeSafetensors(join(dir, 'model.safetensors'), tensors, dtype);
  await writeFileAtomic(join(dir, 'config.json'), `${JSON.stringify(withDType(raw, dtype), null, 2)}\n`);
}

/** transformers loads weights as what the configuration says, under the name of version 5 or the one before. */
function withDType(raw: Readonly<Record<string, unknown>>, dtype: DType): Readonly<Record<string, unknown>> {
  const name = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype];
  return { ...raw, ...('torch_dtype' in raw && { torch_dtype: name }), ...('dtype' in raw && { dtype: name }) };
}

/** What `writeSafetensors` takes: the variables are read one by one. */
export function tensorSources(parameters: Iterable<readonly [string, tf.Variable]>): Map<string, TensorSource> {
  return new Map(
    Array.from(parameters, ([name, parameter]) => [
      name,
      { shape: parameter.shape, values: () => parameter.data<'float32'>() },
    ]),
  );
}

export function disposeParameters(parameters: ReadonlyMap<string, tf.Variable>): void {
  for (const parameter of parameters.values()) parameter.dispose();
}

/** The record that the transformer reads, over parameters by name. */
export function weightsOf(config: ModelConfig, parameters: ReadonlyMap<string, tf.Variable>): ModelWeights {
  const get = (name: string): tf.Variable => {
    const parameter = parameters.get(name);
    if (!parameter) throw new Error(`no parameter ${name}`);
    return parameter;
  };
  const linear = (name: string): Linear => ({ weight: get(`${name}.weight`), bias: parameters.get(`${name}.bias`) });
  const layer = (i: number): LayerWeights => {
    const at = `model.layers.${i}`;
    return {
      inputNorm: get(`${at}.input_layernorm.weight`),
      query: linear(`${at}.self_attn.q_proj`),
      key: linear(`${at}.self_attn.k_proj`),
      value: linear(`${at}.self_attn.v_proj`),
      queryNorm: parameters.get(`${at}.self_attn.q_norm.weight`),
      keyNorm: parameters.get(`${at}.self_attn.k_norm.weight`),
      output: linear(`${at}.self_attn.o_proj`),
      postNorm: get(`${at}.post_attention_layernorm.weight`),
      gate: linear(`${at}.mlp.gate_proj`),
      up: linear(`${at}.mlp.up_proj`),
      down: linear(`${at}.mlp.down_proj`),
    };
  };
  const embedding = get('model.embed_tokens.weight');
  return {
    embedding,
    layers: Array.from({ length: config.layers }, (_, i) => layer(i)),
    norm: get('model.norm.weight'),
    head: config.tiedEmbeddings ? embedding : get('lm_head.weight'),
  };
}

function inOrder<T>(shapes: ReadonlyMap<string, unknown>, parameters: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...shapes.keys()].map((name) => [name, parameters.get(name)!]));
}
