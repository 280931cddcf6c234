/**
 * @file A policy: weights that may train, the tokenizer they were made with, and how a query is put to them.
 */
import { cp } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER_PREFIX, promptMessages, type PromptStyle } from '../data/prompt.ts';
import type { Task } from '../data/task.ts';
import {
  describeModel,
  disposeParameters,
  type LoadedWeights,
  loadWeights,
  type ModelDescription,
  saveWeights,
} from './model-folder.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

export interface Policy extends ModelDescription, LoadedWeights {
  readonly tokenizer: Tokenizer;
  /** The folder it was read from; its tokenizer files go with every checkpoint. */
  readonly dir: string;
}

/** @throws UserError when the folder is not a model that can be read. */
export async function loadPolicy(dir: string): Promise<Policy> {
  const description = await describeModel(dir);
  const tokenizer = await loadTokenizer(dir, description.endIds);
  return { ...description, ...(await loadWeights(dir, description)), tokenizer, dir };
}

/** A folder that Hugging Face's libraries can load: weights, configuration, tokenizer. */
export async function savePolicy(policy: Policy, dir: string): Promise<void> {
  await saveWeights(dir, policy.raw, policy.parameters);
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json']) {
    if (existsSync(join(policy.dir, file))) await cp(join(policy.dir, file), join(dir, file));
  }
}

export function disposePolicy(policy: Policy): void {
  disposeParameters(policy.parameters);
}

export interface PromptOptions {
  readonly kind: Task['kind'];
  readonly style: PromptStyle;
  readonly maxTokens: number;
}

/**
 * The token ids that ask for a rewrite of `query`, ending inside the opened reasoning block.
 *
 * A prompt that is too long loses words from the end of the query, or the oldest titles of a history: never the
 * instructions.
 */
export function encodePrompt(tokenizer: Tokenizer, query: string, options: PromptOptions): number[] {
  const encode = (text: string): number[] =>
    tokenizer.encode(tokenizer.renderChat(promptMessages(text, options.kind, options.style)) + ANSWER_PREFIX);
  const whole = encode(query);
  if (whole.length <= options.maxTokens) return whole;
  const pieces = options.kind === 'search' ? query.split(/\s+/) : query.split('\n');
  const keep = (count: number): string =>
    options.kind === 'search' ? pieces.slice(0, count).join(' ') : pieces.slice(-count).join('\n');
  let [fits, tooMany] = [1, pieces.length];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (encode(keep(middle)).length <= options.maxTokens) fits = middle;
    else tooMany = middle;
  }
  return encode(keep(fits));
}
