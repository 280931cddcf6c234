/**
 * @file How an encoder wants to be used. What is not said is read from the files that sentence-transformers leaves beside a
 * model: `1_Pooling/config.json`, `modules.json`, `sentence_bert_config.json`, `config_sentence_transformers.json`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { readJson } from '../../base/json-file.ts';

export const POOLINGS = ['mean', 'cls'] as const;
export type Pooling = (typeof POOLINGS)[number];

export interface EncoderSettings {
  /** The mean over all tokens, or the first token's. */
  readonly pooling: Pooling;
  /** Whether vectors are scaled to length 1, so that an inner product is a cosine. */
  readonly normalize: boolean;
  readonly queryPrefix: string;
  readonly documentPrefix: string;
  /** Longer texts are cut, special tokens included. */
  readonly maxTokens: number;
}

export type GivenSettings = { readonly [Name in keyof EncoderSettings]?: EncoderSettings[Name] | undefined };

/** What BERT and its kin were trained with; some tokenizers claim a limit of 10³⁰. */
const MOST_TOKENS = 512;

/** Completes settings for the encoder in a folder. @throws UserError when the folder asks for another kind of pooling. */
export async function encoderSettings(dir: string, given: GivenSettings): Promise<EncoderSettings> {
  const file = async (name: string): Promise<Record<string, unknown>> => objectIn(join(dir, name));
  const prompts = ((await file('config_sentence_transformers.json'))['prompts'] ?? {}) as Partial<
    Record<string, string>
  >;
  return {
    pooling: given.pooling ?? poolingOf(await file('1_Pooling/config.json'), dir),
    normalize: given.normalize ?? (await normalizes(dir)),
    queryPrefix: given.queryPrefix ?? prompts['query'] ?? '',
    documentPrefix: given.documentPrefix ?? prompts['document'] ?? prompts['passage'] ?? '',
    maxTokens:
      given.maxTokens ??
      numberIn((await file('sentence_bert_config.json'))['max_seq_length']) ??
      Math.min(MOST_TOKENS, numberIn((await file('tokenizer_config.json'))['model_max_length']) ?? MOST_TOKENS),
  };
}

/** A JSON object, empty when there is no such file. */
async function objectIn(path: string): Promise<Record<string, unknown>> {
  return existsSync(path) ? ((await readJson(path)) as Record<string, unknown>) : {};
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function poolingOf(config: Record<string, unknown>, dir: string): Pooling {
  const modes = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true);
  if (modes.length === 0 || (modes.length === 1 && modes[0] === 'pooling_mode_mean_tokens')) return 'mean';
  if (modes.length === 1 && modes[0] === 'pooling_mode_cls_token') return 'cls';
  throw new UserError(
    `${dir} was trained with ${modes.join(' and ')}, and only mean and cls pooling are known; choose another encoder.`,
  );
}

/** Encoders without a list of modules are used with cosine similarity as a rule. */
async function normalizes(dir: string): Promise<boolean> {
  const path = join(dir, 'modules.json');
  if (!existsSync(path)) return true;
  const modules = (await readJson(path)) as readonly { readonly type: string }[];
  return modules.some(({ type }) => type.endsWith('.Normalize'));
}
