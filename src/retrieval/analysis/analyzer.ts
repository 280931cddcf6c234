/**
 * @file Text to index terms, as Anserini's default English analysis does it: words, possessives off, lower case, stop words
 * out, Porter's stems.
 */
import { porterStem } from './porter.ts';
import { forEachToken } from './tokenizer.ts';

/** In index files: which analysis made the terms. Changes when any term of any text would. */
export const ANALYZER = 'lucene-english-1';

/** Lucene's English stop words. AND, OR and NOT of a query are among them. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this ' +
    'to was will with'
  ).split(' '),
);

/** The index terms of a text in their order, repeats included. */
export function analyze(text: string): string[] {
  return analyzePositions(text).map(({ term }) => term);
}

/** An index term and which word of its text it was, from 0; stop words count, and so leave gaps. */
export interface PositionedTerm {
  readonly term: string;
  readonly position: number;
}

/** {@link analyze} with positions. */
export function analyzePositions(text: string): PositionedTerm[] {
  const terms: PositionedTerm[] = [];
  let position = 0;
  forEachToken(text, (start, end) => {
    const term = termOf(text.slice(start, end));
    if (term !== undefined) terms.push({ term, position });
    position++;
  });
  return terms;
}

/** The index term of one word; nothing for a stop word. */
export function termOf(word: string): string | undefined {
  const lower = lowerCase(withoutPossessive(word));
  return STOP_WORDS.has(lower) ? undefined : porterStem(lower);
}

/** Strips `'s`, also with the typographic (U+2019) and the full-width (U+FF07) apostrophe. Runs before lower-casing. */
function withoutPossessive(word: string): string {
  return /['\u2019\uff07][sS]$/.test(word) ? word.slice(0, -2) : word;
}

/**
 * Lower case of each code point by itself, as Java does: a final sigma stays σ, and İ becomes a plain i, not i and a dot.
 */
export function lowerCase(word: string): string {
  if (/^[\x00-\x7f]*$/.test(word)) return word.toLowerCase();
  let lower = '';
  for (const char of word) lower += char === '\u0130' ? 'i' : char.toLowerCase();
  return lower;
}
