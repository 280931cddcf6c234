/**
 * @file Text to token ids and back, and chat messages to the text that a model was made for. Thin over Hugging Face's
 * own JavaScript tokenizers and Jinja, so that ids and prompts equal those of the Python world.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import type { ChatMessage } from '../data/prompt.ts';

export interface Tokenizer {
  encode(text: string): number[];
  /** Special tokens are left out. */
  decode(ids: readonly number[]): string;
  /** The prompt of a chat, up to where the assistant begins to write. */
  renderChat(messages: readonly ChatMessage[]): string;
  /** Ids that end a completion. */
  readonly endIds: readonly number[];
}

/**
 * The tokenizer of a model folder: `tokenizer.json`, `tokenizer_config.json`, and the chat template from either the
 * configuration or `chat_template.jinja`.
 *
 * @param endIds what `config.json` and `generation_config.json` call end-of-sequence.
 * @throws UserError when a file is missing or is not JSON.
 */
export async function loadTokenizer(dir: string, endIds: readonly number[]): Promise<Tokenizer> {
  const config = (await readJson(join(dir, 'tokenizer_config.json'))) as Record<string, unknown>;
  const tokenizer = new HuggingFaceTokenizer((await readJson(join(dir, 'tokenizer.json'))) as object, config);
  const template = new Template(await chatTemplate(dir, config));
  const endToken = tokenText(config.eos_token);
  const endOfTurn = endToken === null ? undefined : tokenizer.token_to_id(endToken);
  return {
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => tokenizer.decode([...ids], { skip_special_tokens: true }),
    renderChat: (messages) =>
      template.render({
        messages,
        add_generation_prompt: true,
        bos_token: tokenText(config.bos_token),
        eos_token: endToken,
      }),
    endIds: [...new Set(endOfTurn === undefined ? endIds : [...endIds, endOfTurn])],
  };
}

async function chatTemplate(dir: string, config: Record<string, unknown>): Promise<string> {
  if (typeof config.chat_template === 'string') return config.chat_template;
  try {
    return await readFile(join(dir, 'chat_template.jinja'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserError(
      `${dir} has no chat template (in tokenizer_config.json or chat_template.jinja); use an instruction-tuned model.`,
    );
  }
}

/** A token is written as text, or as an object with its text under `content`. */
function tokenText(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
}
