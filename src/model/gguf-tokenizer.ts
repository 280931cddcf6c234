/**
 * @file A Hugging Face tokenizer as the metadata of a GGUF file. llama.cpp knows byte-level BPE with a list of ways to
 * split text, by name; a tokenizer that splits in another way is refused, since its prompts would be read wrongly.
 */
import { join } from 'node:path';
import { isRow, type Row, rowOf } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import type { GgufValue } from './gguf.ts';
import { chatTemplate, tokenText } from './tokenizer.ts';

/** llama.cpp's kinds of tokens. */
const TOKEN_KIND = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

/** What both families put around their digits. */
const splitAround = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** llama.cpp's names for ways to split text, by their regular expressions. */
const SPLITTERS: Readonly<Record<string, string>> = {
  [splitAround('\\p{N}')]: 'qwen2',
  [splitAround('\\p{N}{1,3}')]: 'llama-bpe',
};

/**
 * The keys `tokenizer.*` for a model folder's tokenizer; ids up to the vocabulary's size get names even where the tokenizer
 * has none.
 *
 * @throws UserError for a tokenizer that llama.cpp would read differently.
 */
export async function tokenizerMetadata(dir: string, vocabularySize: number): Promise<Map<string, GgufValue>> {
  const path = join(dir, 'tokenizer.json');
  const file = rowOf(await readJson(path), path);
  const configPath = join(dir, 'tokenizer_config.json');
  const config = rowOf(await readJson(configPath), configPath);
  const { tokens, kinds } = tokensOf(file, path, vocabularySize);
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: splitterOf(file, path) }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: kinds }],
    ['tokenizer.ggml.merges', { type: 'strings', value: mergesOf(bpe(file, path)) }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: addsFirst(file, config) }],
    ['tokenizer.chat_template', { type: 'string', value: await chatTemplate(dir, config) }],
  ]);
  for (const [key, field] of [
    ['bos_token_id', 'bos_token'],
    ['eos_token_id', 'eos_token'],
    ['padding_token_id', 'pad_token'],
  ] as const) {
    const id = tokens.indexOf(tokenText(config[field]) ?? '');
    if (id >= 0) metadata.set(`tokenizer.ggml.${key}`, { type: 'uint32', value: id });
  }
  return metadata;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

interface BpeModel {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (string | readonly [string, string])[];
}

/** Every id's token, and its kind. */
function tokensOf(file: Row, path: string, size: number): { tokens: string[]; kinds: number[] } {
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const kinds = tokens.map((): number => TOKEN_KIND.unused);
  const put = (id: number, token: string, kind: number): void => {
    tokens[id] = token;
    kinds[id] = kind;
  };
  for (const [token, id] of Object.entries(bpe(file, path).vocab)) put(id, token, TOKEN_KIND.normal);
  for (const { id, content, special } of (file.added_tokens ?? []) as readonly AddedToken[]) {
    put(id, content, special ? TOKEN_KIND.control : TOKEN_KIND.userDefined);
  }
  return { tokens, kinds };
}

/** Pairs with a space between; a space inside a piece becomes another sign, as llama.cpp's own converter writes it. */
function mergesOf({ merges }: BpeModel): string[] {
  const spaceless = (piece: string): string => piece.replaceAll(' ', '\u0120');
  return merges.map((merge) => (typeof merge === 'string' ? merge : merge.map(spaceless).join(' ')));
}

function bpe(file: Row, path: string): BpeModel {
  const { model } = file;
  if (isRow(model) && model.type === 'BPE' && isRow(model.vocab) && Array.isArray(model.merges)) {
    return model as unknown as BpeModel; // what is inside was read by the tokenizer's library before
  }
  throw new UserError(`${path} is no byte-level BPE tokenizer; only those can be written as GGUF.`);
}

function splitterOf(file: Row, path: string): string {
  const stages = isRow(file.pre_tokenizer) ? ((file.pre_tokenizer.pretokenizers ?? []) as Row[]) : [];
  const patterns = stages.flatMap(({ pattern }) => (isRow(pattern) ? [String(pattern.Regex)] : []));
  const isByteLevel = stages.some(({ type }) => type === 'ByteLevel');
  const name = patterns.length === 1 && isByteLevel ? SPLITTERS[patterns[0]] : undefined;
  if (name !== undefined) return name;
  throw new UserError(
    `${path} splits text in a way that llama.cpp has no name for; export the model as merged instead.`,
  );
}

/** Whether every text begins with the token of its beginning: by word of the configuration, or by what is put around. */
function addsFirst(file: Row, config: Row): boolean {
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token;
  const processor = isRow(file.post_processor) ? file.post_processor : {};
  const templates = [processor, ...((processor.processors ?? []) as Row[])].filter(isRow);
  return templates.some(({ single }) => Array.isArray(single) && isRow(single[0]) && 'SpecialToken' in single[0]);
}
