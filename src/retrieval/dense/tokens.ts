/**
 * @file Texts to token ids, equal to those of Hugging Face's tokenizers in Python.
 *
 * Two things differ in JavaScript's and are put right here: cutting a text loses its end token, and lower case is by the whole
 * text, in which a final capital sigma becomes ς, where Python's goes by characters and gives σ.
 */
import { join } from 'node:path';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { readJson } from '../../base/json-file.ts';

export type Tokenize = (text: string) => readonly number[];

/** The tokens of a text with the special ones, cut in the middle to `maxTokens`. */
export async function tokenizeWith(tokenizer: PreTrainedTokenizer, dir: string, maxTokens: number): Promise<Tokenize> {
  const { normalizer } = (await readJson(join(dir, 'tokenizer.json'))) as { readonly normalizer?: Normalizer | null };
  const lowers = isLowering(normalizer);
  const idsOf = (text: string, special = true): readonly number[] => {
    const options = { add_special_tokens: special, return_tensor: false };
    return (tokenizer(lowers ? text.replaceAll('Σ', 'σ') : text, options) as { input_ids: number[] }).input_ids;
  };
  const ends = endTokens(idsOf('a'), idsOf('a', false));
  return (text) => {
    const ids = idsOf(text);
    return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - ends), ...ids.slice(ids.length - ends)];
  };
}

interface Normalizer {
  readonly type: string;
  readonly lowercase?: boolean;
  readonly normalizers?: readonly Normalizer[];
}

function isLowering(normalizer: Normalizer | null | undefined): boolean {
  if (!normalizer) return false;
  const { type, lowercase, normalizers } = normalizer;
  return type === 'Lowercase' || lowercase === true || (normalizers ?? []).some(isLowering);
}

/** How many special tokens follow a text. */
function endTokens(whole: readonly number[], bare: readonly number[]): number {
  const begin = whole.findIndex((_, at) => bare.every((id, i) => whole[at + i] === id));
  return begin < 0 ? 0 : whole.length - begin - bare.length;
}
