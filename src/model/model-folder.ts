/**
 * @file A model folder in Hugging Face's layout: configuration and weights, in and out.
 *
 * Architectures: Qwen2ForCausalLM and LlamaForCausalLM with plain rotary positions. Others are refused by name rather
 * than read wrongly.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import { type NamedArray, readSafetensors, writeSafetensors } from './safetensors.ts';
import type { Linear, LayerWeights, ModelConfig, ModelWeights } from './weights.ts';

const ARCHITECTURES = ['Qwen2ForCausalLM', 'LlamaForCausalLM'];

export interface ModelDescription {
  readonly config: ModelConfig;
  /** `config.json` as it was read: written back unchanged with every checkpoint. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly endIds: readonly number[];
}

/** @throws UserError for a missing file, an unknown architecture or a number that makes no sense. */
export async function describeModel(dir: string): Promise<ModelDescription> {
  const path = join(dir, 'config.json');
  const raw = (await readJson(path)) as Record<string, unknown>;
  const architecture = Array.isArray(raw.architectures) ? String(raw.architectures[0]) : 'unknown';
  if (!ARCHITECTURES.includes(architecture)) {
    throw new UserError(
      `${path}: architecture ${architecture} is not supported; use one of ${ARCHITECTURES.join(', ')}.`,
    );
  }
  const rope = ropeOf(path, raw);
  const number = (name: string, fallback?: number): number => {
    const value = raw[name] ?? fallback;
    if (typeof value !== 'number' || !(value > 0)) {
      throw new UserError(`${path}: ${name} is ${JSON.stringify(value)}; it must be a positive number.`);
    }
    return value;
  };
  const heads = number('num_attention_heads');
  const config: ModelConfig = {
    hiddenSize: number('hidden_size'),
    layers: number('num_hidden_layers'),
    heads,
    keyValueHeads: number('num_key_value_heads', heads),
    headSize: number('head_dim', number('hidden_size') / heads),
    feedForwardSize: number('intermediate_size'),
    vocabularySize: number('vocab_size'),
    ropeTheta: number('rope_theta', rope),
    rmsNormEpsilon: number('rms_norm_eps', 1e-6),
    tiedEmbeddings: raw.tie_word_embeddings === true,
    maxPositions: number('max_position_embeddings', 4096),
  };
  return { config, raw, endIds: await endIds(dir, raw) };
}

/** The base of the rotary positions where transformers 5 writes it; 10,000 where nothing is said. */
function ropeOf(path: string, raw: Record<string, unknown>): number {
  const parameters = (raw.rope_parameters ?? raw.rope_scaling ?? {}) as Record<string, unknown>;
  const kind = parameters.rope_type ?? parameters.type ?? 'default';
  if (kind !== 'default') {
    throw new UserError(
      `${path}: rotary positions of kind ${JSON.stringify(kind)} are not supported yet; use a model without rope scaling.`,
    );
  }
  return typeof parameters.rope_theta === 'number' ? parameters.rope_theta : 10_000;
}

async function endIds(dir: string, raw: Record<string, unknown>): Promise<number[]> {
  const path = join(dir, 'generation_config.json');
  const generation = existsSync(path) ? ((await readJson(path)) as Record<string, unknown>) : {};
  return [raw.eos_token_id, generation.eos_token_id].flat().filter((id): id is number => typeof id === 'number');
}

/**
 * Every parameter by its name in the file, with its shape, in the order in which they are stored.
 * Tied models have no `lm_head.weight`.
 */
export function parameterShapes(config: ModelConfig, withBias: boolean): Map<string, number[]> {
  const { hiddenSize: D, feedForwardSize: F, vocabularySize: V, headSize: E } = config;
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [V, D]]]);
  const outputs = { q: config.heads * E, k: config.keyValueHeads * E, v: config.keyValueHeads * E };
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.set(`${at}.input_layernorm.weight`, [D]);
    for (const [letter, out] of Object.entries(outputs)) {
      shapes.set(`${at}.self_attn.${letter}_proj.weight`, [out, D]);
      if (withBias) shapes.set(`${at}.self_attn.${letter}_proj.bias`, [out]);
    }
    shapes.set(`${at}.self_attn.o_proj.weight`, [D, config.heads * E]);
    shapes.set(`${at}.post_attention_layernorm.weight`, [D]);
    shapes.set(`${at}.mlp.gate_proj.weight`, [F, D]);
    shapes.set(`${at}.mlp.up_proj.weight`, [F, D]);
    shapes.set(`${at}.mlp.down_proj.weight`, [D, F]);
  }
  shapes.set('model.norm.weight', [D]);
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [V, D]);
  return shapes;
}

/** Trainable weights and the same parameters by name; both views share the variables. Disposed with `disposeParameters`. */
export interface LoadedWeights {
  readonly weights: ModelWeights;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/** @throws UserError for a missing file, shard or tensor, or a shape that `config.json` does not call for. */
export async function loadWeights(dir: string, { config, raw }: ModelDescription): Promise<LoadedWeights> {
  const shapes = parameterShapes(config, hasBias(raw));
  const parameters = new Map<string, tf.Variable>();
  try {
    for (const file of await weightFiles(dir)) {
      await readSafetensors(join(dir, file), (name, { shape, values }) => {
        const expected = shapes.get(name);
        if (!expected) return; // such as a stored copy of tied embeddings, or rotary buffers
        if (shape.join() !== expected.join()) {
          throw new UserError(
            `${join(dir, file)}: ${name} is [${shape.join(', ')}], but config.json calls for [${expected.join(', ')}].`,
          );
        }
        parameters.set(name, variable(values, shape));
      });
    }
    const missing = [...shapes.keys()].find((name) => !parameters.has(name));
    if (missing)
      throw new UserError(`${dir} has no tensor ${missing}; a shard may be missing, so download the folder again.`);
  } catch (error) {
    disposeParameters(parameters);
    throw error;
  }
  return { weights: weightsOf(config, parameters), parameters: inOrder(shapes, parameters) };
}

/** Writes `config.json` and `model.safetensors`. The tokenizer's files are copied by the caller. */
export async function saveWeights(
  dir: string,
  raw: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, tf.Variable>,
  dtype: 'F32' | 'F16' = 'F32',
): Promise<void> {
  const arrays = new Map<string, NamedArray>();
  for (const [name, parameter] of parameters) {
    arrays.set(name, { shape: parameter.shape, values: (await parameter.data()) as Float32Array });
  }
  await writeSafetensors(join(dir, 'model.safetensors'), arrays, dtype);
  await writeFileAtomic(join(dir, 'config.json'), JSON.stringify(raw, null, 2) + '\n');
}

export function disposeParameters(parameters: ReadonlyMap<string, tf.Variable>): void {
  for (const parameter of parameters.values()) parameter.dispose();
}

/** Qwen2 has biases on query, key and value; Llama says so itself. */
export function hasBias(raw: Readonly<Record<string, unknown>>): boolean {
  return typeof raw.attention_bias === 'boolean' ? raw.attention_bias : raw.model_type === 'qwen2';
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

/** Variables are made unnamed: TensorFlow.js refuses a second variable of the same name, and two models share names. */
export function variable(values: Float32Array, shape: readonly number[]): tf.Variable {
  const tensor = tf.tensor(values, [...shape], 'float32');
  const made = tf.variable(tensor);
  tensor.dispose();
  return made;
}

async function weightFiles(dir: string): Promise<string[]> {
  const index = join(dir, 'model.safetensors.index.json');
  if (!existsSync(index)) return ['model.safetensors'];
  const { weight_map: map } = (await readJson(index)) as { weight_map?: Record<string, string> };
  if (!map) throw new UserError(`${index} has no "weight_map"; download the folder again.`);
  return [...new Set(Object.values(map))];
}

function inOrder<T>(shapes: ReadonlyMap<string, unknown>, parameters: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...shapes.keys()].map((name) => [name, parameters.get(name)!]));
}
