/**
 * @file Text to token ids and back, and chat messages to the text that a model was made for. Thin over Hugging Face's
 * own JavaScript tokenizers and Jinja, so that ids and prompts equal those of the Python world.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { describe, isRow, type Row, rowOf } from '../base/checks.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import type { ChatMessage } from '../data/prompt.ts';
import { compileTemplate } from './chat-template.ts';

export interface Tokenizer {
  encode(text: string): number[];
  /** Special tokens are left out. */
  decode(ids: readonly number[]): string;
  /**
   * The prompt of a chat, up to where the assistant begins to write. `variables` are what the template takes beside the
   * messages, such as `tools` or `enable_thinking`.
   */
  renderChat(messages: readonly ChatMessage[], variables?: Readonly<Record<string, unknown>>): string;
  /** Ids that end a completion; first the one that ends the assistant's turn. */
  readonly endIds: readonly number[];
}

/** The text as the tokens have it: what transformers calls cleaning up would change the spaces in it. */
const DECODING = { skip_special_tokens: true, clean_up_tokenization_spaces: false };

/**
 * The tokenizer of a model folder: `tokenizer.json`, `tokenizer_config.json`, and the chat template from either the
 * configuration or `chat_template.jinja`.
 *
 * @param endIds what `config.json` and `generation_config.json` call end-of-sequence.
 * @param embeddingRows how many ids the model knows.
 * @throws UserError when a file is missing, cannot be used, or has ids that the model does not know.
 */
export async function loadTokenizer(dir: string, endIds: readonly number[], embeddingRows: number): Promise<Tokenizer> {
  const [path, configPath] = [join(dir, 'tokenizer.json'), join(dir, 'tokenizer_config.json')];
  const config = rowOf(await readJson(configPath), configPath);
  const raw = rowOf(await readJson(path), path);
  checkIds(path, raw, embeddingRows);
  const tokenizer = usable(path, () => new HuggingFaceTokenizer(raw, config));
  const text = await chatTemplate(dir, config);
  const render = usable(`The chat template of ${dir}`, () => compileTemplate(text));
  const pieces = new Map<number, string>(); // every token of a training is asked for one by one too
  const piece = (id: number): string => {
    let text = pieces.get(id);
    if (text === undefined) pieces.set(id, (text = tokenizer.decode([id], DECODING)));
    return text;
  };
  const endToken = tokenText(config.eos_token);
  const endOfTurn = endToken === null ? undefined : tokenizer.token_to_id(endToken);
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => (ids.length === 1 ? piece(ids[0]) : ids.length === 0 ? '' : tokenizer.decode([...ids], DECODING)),
    renderChat: (messages, variables = {}) =>
      usable(`The chat template of ${dir}`, () =>
        render({ add_generation_prompt: true, ...specialTokens(config), ...variables, messages }),
      ),
    endIds: [...new Set(endOfTurn === undefined ? endIds : [endOfTurn, ...endIds])],
  };
}

/** The template's own file goes before the configuration, as in transformers. */
export async function chatTemplate(dir: string, config: Row): Promise<string> {
  const file = join(dir, 'chat_template.jinja');
  if (existsSync(file)) return readFile(file, 'utf8');
  const written = config.chat_template;
  const named = Array.isArray(written) ? (written as unknown[]).filter(isRow) : [];
  const template = typeof written === 'string' ? written : named.find(({ name }) => name === 'default')?.template;
  if (typeof template === 'string') return template;
  throw new UserError(
    `${dir} has no chat template (in chat_template.jinja or tokenizer_config.json); use an instruction-tuned model.`,
  );
}

/** An id beyond the embedding would read another tensor's memory. */
function checkIds(path: string, raw: Row, embeddingRows: number): void {
  const { vocab } = isRow(raw.model) ? raw.model : {};
  const added = Array.isArray(raw.added_tokens) ? (raw.added_tokens as unknown[]).filter(isRow) : [];
  // By token, or as a list in the order of the ids.
  const own = Array.isArray(vocab) ? vocab.keys() : isRow(vocab) ? Object.values(vocab) : [];
  const ids = [...own, ...added.map(({ id }) => id)];
  const wrong = ids.find((id) => !Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= embeddingRows);
  if (wrong === undefined) return;
  throw new UserError(
    `${path} has the token id ${describe(wrong)}, but the model's embedding has ${embeddingRows} rows; take tokenizer and weights from the same folder.`,
  );
}

/** What a library makes of a file of the user's; where it cannot, the user is told which file. */
function usable<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UserError(`${what} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** The special tokens as chat templates see them, such as `bos_token`. */
function specialTokens(config: Row): Record<string, string> {
  const found = Object.entries(config).flatMap(([name, value]) => {
    const text = name.endsWith('_token') ? tokenText(value) : null;
    return text === null ? [] : [[name, text] as const];
  });
  return Object.fromEntries(found);
}

/** A token is written as text, or as an object with its text under `content`. */
export function tokenText(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
}
