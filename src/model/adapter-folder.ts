/**
 * @file A folder with LoRA adapters in the layout of Hugging Face's PEFT: `adapter_config.json` and
 * `adapter_model.safetensors`. Folders of our own say in `base.json` which model they belong to, by its content.
 *
 * What PEFT can do beyond adapters of the seven projections (DoRA, whole modules, embeddings, …) is refused by name.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { describe, type Row, rowOf, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { sha256OfFile } from '../base/file-hash.ts';
import { readJson } from '../base/json-file.ts';
import { type Adapters, adapterParameters, linearsOf, LORA_TARGETS, type LoraConfig, loraScale } from './lora.ts';
import { variable } from './filled-variable.ts';
import { tensorSources } from './model-folder.ts';
import { type DType, type NamedArray, readSafetensors, writeSafetensors } from './safetensors.ts';
import type { Linear, ModelWeights } from './weights.ts';

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';
const BASE_FILE = 'base.json';
/** What PEFT puts before the names of the model's own modules. */
const PREFIX = 'base_model.model.';

/** The model that adapters belong to. */
export interface BaseModel {
  readonly dir: string;
  /** Of its content, as `modelHash` counts it. */
  readonly sha256: string;
}

export function isAdapterFolder(dir: string): boolean {
  return existsSync(join(dir, CONFIG_FILE));
}

/** Writes the two files of PEFT. */
export async function writeAdapter(
  dir: string,
  config: LoraConfig,
  adapters: Adapters,
  baseDir: string,
  dtype: DType = 'F32',
): Promise<void> {
  const named = [...adapterParameters(adapters)].map(([name, parameter]) => [`${PREFIX}${name}`, parameter] as const);
  await writeSafetensors(join(dir, WEIGHTS_FILE), tensorSources(named), dtype);
  await writeJson(join(dir, CONFIG_FILE), {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseDir,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    use_rslora: config.rankStabilised,
    target_modules: config.targets,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
  });
}

/** Writes which model the adapters in a folder belong to. */
export async function writeBase(dir: string, base: BaseModel): Promise<void> {
  await writeJson(join(dir, BASE_FILE), base);
}

/**
 * The adapters in a folder for a model, as variables that the caller disposes.
 *
 * @throws UserError for what cannot be read, and for adapters that do not fit the model.
 */
export async function readAdapter(
  dir: string,
  weights: ModelWeights,
): Promise<{ readonly config: LoraConfig; readonly adapters: Adapters }> {
  const config = await readConfig(dir);
  const path = join(dir, WEIGHTS_FILE);
  if (!existsSync(path)) {
    throw new UserError(`${dir} has no ${WEIGHTS_FILE}; save the adapter as safetensors.`);
  }
  const halves = new Map<string, { A?: NamedArray; B?: NamedArray }>();
  await readSafetensors(path, (name, array) => {
    const match = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name);
    if (!match) {
      throw new UserError(`${path}: ${name} is no LoRA matrix of a projection; only those can be read.`);
    }
    const [, module, letter] = match;
    halves.set(module, { ...halves.get(module), [letter]: array });
  });
  if (halves.size === 0) throw new UserError(`${path} holds no adapter; save it again.`);
  const linears = linearsOf(weights);
  const checked = [...halves].map(([module, { A, B }]) => {
    const linear = linears.get(module);
    if (!linear) throw new UserError(`${path}: the model has no ${module}; load the adapter's own base model.`);
    return [module, checkedPair(`${path}: ${module}`, config.rank, linear, A, B)] as const;
  });
  const scale = loraScale(config);
  const adapters = checked.map(
    ([module, { A, B }]) =>
      [module, { a: variable(A.values, A.shape), b: variable(B.values, B.shape), scale }] as const,
  );
  return { config, adapters: new Map(adapters) };
}

function checkedPair(
  where: string,
  rank: number,
  { weight }: Linear,
  A: NamedArray | undefined,
  B: NamedArray | undefined,
): { A: NamedArray; B: NamedArray } {
  if (!A || !B) throw new UserError(`${where} has only one of lora_A and lora_B; save the adapter again.`);
  const [outputs, inputs] = weight.shape;
  for (const [letter, { shape }, expected] of [
    ['A', A, [rank, inputs]],
    ['B', B, [outputs, rank]],
  ] as const) {
    if (shape.join() !== expected.join()) {
      throw new UserError(
        `${where}: lora_${letter} is [${shape.join(', ')}], but the model and rank ${rank} call for [${expected.join(', ')}].`,
      );
    }
  }
  return { A, B };
}

/** Fields of `adapter_config.json` that change what an adapter means, and that are read only where they are empty. */
const REFUSED: Readonly<Record<string, string>> = {
  use_dora: 'DoRA',
  modules_to_save: 'modules_to_save',
  trainable_token_indices: 'trainable tokens',
  layer_replication: 'layer replication',
  target_parameters: 'target_parameters',
  lora_bias: 'lora_bias',
  rank_pattern: 'rank_pattern',
  alpha_pattern: 'alpha_pattern',
  alora_invocation_tokens: 'aLoRA',
  arrow_config: 'Arrow',
  kasa_config: 'KaSA',
  use_qalora: 'QALoRA',
  use_bdlora: 'BD-LoRA',
  fan_in_fan_out: 'fan_in_fan_out',
};

/** Ways to draw the first adapters that leave the base as it is; others save adapters for a changed base. */
const PLAIN_STARTS: readonly unknown[] = [undefined, true, false, 'gaussian', 'eva', 'orthogonal'];

async function readConfig(dir: string): Promise<LoraConfig> {
  const path = join(dir, CONFIG_FILE);
  const raw = rowOf(await readJson(path), path);
  const refuse = (what: string): never => {
    throw new UserError(`${path}: adapters with ${what} cannot be read; merge them into their base with PEFT.`);
  };
  if (raw.peft_type !== 'LORA') refuse(`peft_type ${describe(raw.peft_type)}`);
  for (const [field, what] of Object.entries(REFUSED)) if (!isEmpty(raw[field])) refuse(what);
  if (raw.bias !== undefined && raw.bias !== 'none') refuse(`bias ${describe(raw.bias)}`);
  if (!PLAIN_STARTS.includes(raw.init_lora_weights)) refuse(`init_lora_weights ${describe(raw.init_lora_weights)}`);
  return {
    rank: positive(raw, 'r', path),
    alpha: positive(raw, 'lora_alpha', path),
    dropout: typeof raw.lora_dropout === 'number' ? raw.lora_dropout : 0,
    rankStabilised: raw.use_rslora === true,
    targets: targetsOf(raw.target_modules),
  };
}

/** The known targets among PEFT's list, names or paths; PEFT also writes patterns, whose effect is in the file of weights. */
function targetsOf(modules: unknown): readonly string[] {
  if (!Array.isArray(modules)) return LORA_TARGETS;
  const last = new Set(modules.map((module) => String(module).split('.').at(-1)));
  return LORA_TARGETS.filter((target) => last.has(target));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function positive(raw: Row, field: string, path: string): number {
  const value = raw[field];
  if (typeof value === 'number' && value > 0) return value;
  throw new UserError(`${path}: ${field} is ${describe(value)}; it must be a positive number.`);
}

/**
 * The folder of the model that adapters belong to: the recorded one, or `other` where that is gone. Where the content
 * is on record it must agree.
 *
 * @throws UserError when neither is the right model.
 */
export async function findBase(dir: string, other?: string): Promise<BaseModel> {
  const recorded = await recordedBase(dir);
  const found = [recorded.dir, ...(other === undefined ? [] : [resolve(other)])].find(isModel);
  if (found === undefined) {
    throw new UserError(
      `${dir} holds an adapter of the model ${recorded.dir}, which is not there; put it back, or set base_model_name_or_path in ${CONFIG_FILE} to its folder.`,
    );
  }
  const sha256 = await modelHash(found);
  if (recorded.sha256 !== undefined && recorded.sha256 !== sha256) {
    throw new UserError(`${found} is not the model that ${dir} was trained on: its files have changed; put them back.`);
  }
  return { dir: found, sha256 };
}

function isModel(dir: string): boolean {
  return existsSync(join(dir, 'config.json')) || isAdapterFolder(dir);
}

async function recordedBase(dir: string): Promise<{ readonly dir: string; readonly sha256?: string }> {
  const path = join(dir, BASE_FILE);
  if (existsSync(path)) {
    const base = rowOf(await readJson(path), path);
    return { dir: stringField(base, 'dir', path), sha256: stringField(base, 'sha256', path) };
  }
  const config = join(dir, CONFIG_FILE);
  const name = stringField(rowOf(await readJson(config), config), 'base_model_name_or_path', config);
  const beside = resolve(dir, name);
  return { dir: isModel(beside) && beside !== resolve(dir) ? beside : resolve(name) };
}

/** The files of a folder that say what model it holds. */
const MODEL_FILES = /^(config|adapter_config|tokenizer|model.*\.index)\.json$|^(model|adapter_model).*\.safetensors$/;

/** SHA-256 of what a model folder holds: configuration, tokenizer and weights; of an adapter, that of its base too. */
export async function modelHash(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await readdir(dir)).filter((name) => MODEL_FILES.test(name)).sort()) {
    hash.update(`${file} ${await sha256OfFile(join(dir, file))}\n`);
  }
  if (isAdapterFolder(dir)) hash.update(`base ${(await findBase(dir)).sha256}\n`);
  return hash.digest('hex');
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
