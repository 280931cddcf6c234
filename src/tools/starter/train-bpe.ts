/**
 * @file Byte-level BPE from scratch (Sennrich et al., arXiv 1508.07909; bytes as in GPT-2), written as the
 * `tokenizer.json` that Hugging Face's tokenizers load. For the starter policy only.
 */

/** Qwen2's word pattern: contractions, letters, single digits, signs, line breaks, spaces. */
const WORD_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

export interface SpecialToken {
  readonly content: string;
  /** Left out when a text is decoded for people. */
  readonly special: boolean;
}

/** The tokenizer with exactly `vocabularySize` tokens: 256 bytes, merges by falling frequency, then `added`. */
export function trainBpe(texts: Iterable<string>, vocabularySize: number, added: readonly SpecialToken[]): object {
  const symbols = byteSymbols();
  const words = [...countWords(texts)].map(([word, count]) => ({
    count,
    symbols: Array.from(new TextEncoder().encode(word), (byte) => symbols[byte]),
  }));
  const vocabulary = new Map([...symbols].sort().map((symbol, id) => [symbol, id]));
  const merges: [string, string][] = [];
  while (vocabulary.size < vocabularySize - added.length) {
    const pair = mostFrequentPair(words);
    if (!pair) throw new Error(`the texts are too small for ${vocabularySize} tokens: no pair is left to merge`);
    merges.push(pair);
    vocabulary.set(pair.join(''), vocabulary.size);
    for (const word of words) mergePair(word.symbols, pair);
  }
  return tokenizerJson(vocabulary, merges, added);
}

function countWords(texts: Iterable<string>): Map<string, number> {
  const pattern = new RegExp(WORD_PATTERN, 'gu');
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

type Word = { readonly count: number; readonly symbols: string[] };

/** Ties go to the pair that sorts first, so that the result does not depend on the order of the texts. */
function mostFrequentPair(words: readonly Word[]): [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { count, symbols } of words) {
    for (let i = 1; i < symbols.length; i++) {
      const pair = `${symbols[i - 1]} ${symbols[i]}`; // no symbol holds a space
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | undefined;
  let most = 0;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) [best, most] = [pair, count];
  }
  return best?.split(' ') as [string, string] | undefined;
}

function mergePair(symbols: string[], [left, right]: readonly [string, string]): void {
  for (let i = 0; i + 1 < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) symbols.splice(i, 2, left + right);
  }
}

/** A printable character for each byte: itself where it prints, otherwise from U+0100 upwards (GPT-2). */
function byteSymbols(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    return String.fromCodePoint(prints ? byte : next++);
  });
}

function tokenizerJson(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly (readonly [string, string])[],
  added: readonly SpecialToken[],
): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map(({ content, special }, i) => ({
      id: vocabulary.size + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORD_PATTERN }, behavior: 'Isolated', invert: false },
        byteLevel,
      ],
    },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  };
}
