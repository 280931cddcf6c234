/**
 * @file A policy: weights that may train, the tokenizer they were made with, and how a query is put to them.
 */
import { cp } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Variable } from '@tensorflow/tfjs-core';
import { UserError } from '../base/errors.ts';
import { ANSWER_PREFIX } from '../data/answer.ts';
import type { Prompt } from '../data/prompt.ts';
import { type BaseModel, findBase, isAdapterFolder, readAdapter, writeAdapter } from './adapter-folder.ts';
import {
  type Adapters,
  adapterParameters,
  createAdapters,
  disposeAdapters,
  linearsOf,
  type LoraConfig,
  mergeAdapters,
  mergedValues,
  withAdapters,
  withoutAdapters,
} from './lora.ts';
import {
  describeModel,
  disposeParameters,
  loadWeights,
  type ModelDescription,
  saveWeights,
  tensorSources,
} from './model-folder.ts';
import type { DType, TensorSource } from './safetensors.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';
import type { ModelWeights } from './weights.ts';

export interface Policy extends ModelDescription {
  readonly weights: ModelWeights;
  /** What training changes, by name: every weight, or with LoRA the adapters alone. */
  readonly parameters: ReadonlyMap<string, Variable>;
  readonly lora?: LoraPart;
  readonly tokenizer: Tokenizer;
  /** The folder of the weights and the tokenizer, whose files go with every whole checkpoint. */
  readonly dir: string;
}

export interface LoraPart {
  readonly config: LoraConfig;
  readonly adapters: Adapters;
  /** The weights of the base, which stay as they are. */
  readonly frozen: ReadonlyMap<string, Variable>;
  readonly base: BaseModel;
}

export interface LoadOptions {
  /** Where the base of adapters may be, should it have gone from the folder on record. */
  readonly otherBase?: string;
  /** No training will change the weights of the folder: they may stay in half precision. Those of a base always do. */
  readonly isFrozen?: boolean;
}

/**
 * The model in a folder; of a folder with adapters, its base with the adapters on.
 *
 * @throws UserError when the folder is not a model that can be read.
 */
export async function loadPolicy(dir: string, { otherBase, isFrozen = false }: LoadOptions = {}): Promise<Policy> {
  return isAdapterFolder(dir) ? loadAdapted(dir, otherBase) : loadWhole(dir, isFrozen);
}

async function loadWhole(dir: string, isFrozen: boolean): Promise<Policy> {
  const description = await describeModel(dir);
  const tokenizer = await loadTokenizer(dir, description.endIds, description.config.vocabularySize);
  return { ...description, ...(await loadWeights(dir, description, { isFrozen })), tokenizer, dir };
}

async function loadAdapted(dir: string, otherBase?: string): Promise<Policy> {
  const base = await findBase(dir, otherBase);
  const policy = merged(await loadPolicy(base.dir, { isFrozen: true }));
  try {
    const { config, adapters } = await readAdapter(dir, policy.weights);
    return adapted(policy, config, adapters, base);
  } catch (error) {
    disposePolicy(policy);
    throw error;
  }
}

/** A policy of which only new adapters train, over the same weights; it takes the place of `policy`. */
export function addLora(policy: Policy, config: LoraConfig, seed: number, base: BaseModel): Policy {
  return adapted(policy, config, createAdapters(policy.weights, config, seed), base);
}

function adapted(policy: Policy, config: LoraConfig, adapters: Adapters, base: BaseModel): Policy {
  for (const parameter of policy.parameters.values()) parameter.trainable = false;
  return {
    ...policy,
    weights: withAdapters(policy.weights, adapters),
    parameters: adapterParameters(adapters),
    lora: { config, adapters, frozen: policy.parameters, base },
  };
}

/** The whole model that a policy is: adapters are added to its weights and gone. It takes the place of `policy`. */
export function merged(policy: Policy): Policy {
  const { lora, ...whole } = policy;
  if (!lora) return policy;
  mergeAdapters(policy.weights);
  disposeAdapters(lora.adapters);
  for (const parameter of lora.frozen.values()) parameter.trainable = true;
  return { ...whole, weights: withoutAdapters(policy.weights), parameters: lora.frozen };
}

/** What adapters started from: the same variables with the adapters off, so it is not to be disposed. */
export function withAdaptersOff(policy: Policy): Policy {
  return { ...policy, weights: withoutAdapters(policy.weights) };
}

/**
 * The tensors of the whole model that a policy is. Adapters are added to a matrix when its turn comes, so that a model of which
 * the engine's memory could not hold a copy in float32 is written too.
 */
export function wholeTensors({ parameters, weights, lora }: Policy): ReadonlyMap<string, TensorSource> {
  if (!lora) return tensorSources(parameters);
  const adapted = [...linearsOf(weights)].flatMap(([module, { weight, adapter }]) => {
    if (!adapter) return [];
    return [[`${module}.weight`, { shape: weight.shape, values: () => mergedValues(weight, adapter) }] as const];
  });
  return new Map([...tensorSources(lora.frozen), ...adapted]);
}

/** A folder that Hugging Face's libraries can load: weights, configuration, tokenizer; with LoRA, PEFT's two files. */
export async function savePolicy(policy: Policy, dir: string, dtype: DType = 'F32'): Promise<void> {
  if (policy.lora) {
    const { config, adapters, base } = policy.lora;
    await writeAdapter(dir, config, adapters, base.dir, dtype);
    return;
  }
  await saveWhole(policy, dir, dtype);
}

/** As `savePolicy`, but always the whole model, with the adapters in it. */
export async function saveWhole(policy: Policy, dir: string, dtype: DType = 'F32'): Promise<void> {
  await saveWeights(dir, policy.raw, wholeTensors(policy), dtype);
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json']) {
    if (existsSync(join(policy.dir, file))) await cp(join(policy.dir, file), join(dir, file));
  }
}

export function disposePolicy({ parameters, lora }: Policy): void {
  disposeParameters(parameters);
  if (lora) disposeParameters(lora.frozen);
}

export interface EncodedPrompt {
  readonly ids: readonly number[];
  /** Whether a part of the payload had to go. */
  readonly cut: boolean;
}

/**
 * The token ids of a prompt, ending inside the opened reasoning block. What is too long is cut in the payload.
 *
 * @throws UserError when the instructions leave no room for a payload.
 */
export function encodePrompt(tokenizer: Tokenizer, prompt: Prompt, maxTokens: number): EncodedPrompt {
  const idsAt = (size: number): number[] =>
    tokenizer.encode(tokenizer.renderChat(prompt.messages(size)) + ANSWER_PREFIX);
  const whole = idsAt(prompt.size);
  if (whole.length <= maxTokens) return { ids: whole, cut: false };
  let [fits, tooMany] = [0, prompt.size];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (idsAt(middle).length <= maxTokens) fits = middle;
    else tooMany = middle;
  }
  if (fits > 0) return { ids: idsAt(fits), cut: true };
  throw new UserError(
    `The prompt takes ${idsAt(0).length} tokens before anything of the query stands in it, for which rollout.maxPromptTokens=${maxTokens} leaves no room; raise it.`,
  );
}
