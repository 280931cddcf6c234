/** @file Texts whose terms are compared with Lucene's: every character in every company, and words for every stemming rule. */
import { rngFrom } from '../../src/base/rng.ts';

const BLOCK = 2048;

/** One text per 2,048 code points: planes 0 and 1, and the tags of plane 14, in contexts that tell their word classes apart. */
export function characterTexts(): string[] {
  const starts = [...Array.from({ length: 0x20000 / BLOCK }, (_, i) => i * BLOCK), 0xe0000];
  return starts.map((start) => Array.from({ length: BLOCK }, (_, i) => inCompany(start + i)).join(' '));
}

function inCompany(code: number): string {
  if (code >= 0xd800 && code < 0xe000) return '';
  const x = String.fromCodePoint(code);
  return [
    ...[x, `a${x}a`, `1${x}1`, `${x}${x}`, `カ${x}カ`, `_${x}_`, `א${x}א`, `9${x}`, `ก${x}`, `a'${x}`, `${x}'s`],
    ...[`😀${x}\u200d${x}`, `${x}\ufe0f\u20e3`, `😀\u200d${x}`, `${x}🏽`, `${x}\u{e0067}\u{e007f}`],
  ].join(' ');
}

const SYLLABLES = (
  'a e i o u y b ll ss tt s t l z w x ing ed eed ies sses at bl iz ational tional enci anci izer bli alli entli eli ousli ' +
  'ization ation ator alism iveness fulness ousness aliti iviti biliti logi icate ative alize iciti ical ful ness al ance ' +
  'ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize é ß'
).split(' ');

/** 50 texts of 1,000 words made of the stemmer's own suffixes. */
export function stemmerTexts(): string[] {
  const rng = rngFrom(1, 'stemmer');
  const word = (): string =>
    Array.from({ length: 1 + rng.below(5) }, () => SYLLABLES[rng.below(SYLLABLES.length)]).join('');
  return Array.from({ length: 50 }, () => Array.from({ length: 1000 }, word).join(' '));
}
