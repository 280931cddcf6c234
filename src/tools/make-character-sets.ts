/**
 * @file Writes src/retrieval/analysis/character-sets.ts: the character sets behind Lucene's StandardTokenizer, from Unicode's own data.
 *
 * Lucene 9 takes word-break properties from Unicode 12.1 and emoji properties from Unicode 11.0; a newer table would move
 * token borders and with them scores. The data come from npm, into any folder outside the project:
 *
 *     npm install --prefix DIR @unicode/unicode-12.1.0 @unicode/unicode-11.0.0
 *     node src/tools/make-character-sets.ts DIR
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dir = process.argv[2];
if (!dir)
  throw new Error('usage: node src/tools/make-character-sets.ts DIR (the folder that holds the @unicode packages)');

/** The code points of one property value, such as `12.1.0`, `Word_Break/ALetter`. */
async function read(version: string, property: string): Promise<number[]> {
  const file = join(resolve(dir), `node_modules/@unicode/unicode-${version}/${property}/code-points.mjs`);
  const module = (await import(pathToFileURL(file).href)) as { default: Iterable<number> };
  return [...module.default];
}

const wordBreak = (name: string): Promise<number[]> => read('12.1.0', `Word_Break/${name}`);
const emoji = (name: string): Promise<number[]> => read('11.0.0', `Binary_Property/${name}`);
const union = (...sets: readonly number[][]): number[] => [...new Set(sets.flat())];
const span = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const codes = (text: string): number[] => Array.from(text, (char) => char.codePointAt(0)!);

const hebrew = await wordBreak('Hebrew_Letter');
const midNumLet = await wordBreak('MidNumLet');
const singleQuote = await wordBreak('Single_Quote');
const regional = await wordBreak('Regional_Indicator');
const emojiModifier = await emoji('Emoji_Modifier');
const keycapBase = codes('0123456789#*');
const notEmojiAlone = new Set(union(regional, keycapBase, emojiModifier, codes('©®™\u3030\u303d')));

const sets: Readonly<Record<string, number[]>> = {
  letter: union(await wordBreak('ALetter'), hebrew),
  hebrew,
  numeric: union(await wordBreak('Numeric'), span(0xff10, 0xff19)),
  katakana: await wordBreak('Katakana'),
  hiragana: await read('12.1.0', 'Script/Hiragana'),
  han: await read('12.1.0', 'Script/Han'),
  complexContext: await read('12.1.0', 'Line_Break/Complex_Context'),
  extendNumLet: await wordBreak('ExtendNumLet'),
  midLetter: union(await wordBreak('MidLetter'), midNumLet, singleQuote),
  midNumber: union(await wordBreak('MidNum'), midNumLet, singleQuote),
  singleQuote,
  doubleQuote: await wordBreak('Double_Quote'),
  extend: union(await wordBreak('Extend'), await wordBreak('Format'), await wordBreak('ZWJ')),
  joiner: await wordBreak('ZWJ'),
  textSelector: [0xfe0e],
  emojiSelector: [0xfe0f],
  regional,
  emoji: union(
    await emoji('Extended_Pictographic'),
    (await emoji('Emoji')).filter((code) => !notEmojiAlone.has(code)),
  ),
  emojiModifier,
  emojiModifierBase: await emoji('Emoji_Modifier_Base'),
  keycapBase,
  keycap: [0x20e3],
  tag: span(0xe0020, 0xe007e),
  tagEnd: [0xe007f],
};

/** Sorted ranges as `gap.length`, both in base 36: the distance from the end of the range before, and the size less one. */
function encode(set: readonly number[]): string {
  const sorted = [...set].sort((a, b) => a - b);
  const ranges: string[] = [];
  let end = 0;
  for (let i = 0; i < sorted.length;) {
    const start = i;
    while (sorted[i + 1] === sorted[i] + 1) i++;
    ranges.push(`${(sorted[start] - end).toString(36)}.${(i - start).toString(36)}`);
    end = sorted[i] + 1;
    i++;
  }
  return ranges.join(' ');
}

const lines = Object.entries(sets).map(([name, set]) => `  ${name}:\n    '${encode(set)}',`);
const header = `/**
 * @file The character sets of Lucene's StandardTokenizer, written by src/tools/make-character-sets.ts from Unicode's data
 * (12.1 for words, 11.0 for emoji; © Unicode, Inc., Unicode License v3). Each range is \`gap.length\` in base 36: the distance
 * from the end of the range before, and the size less one.
 */`;
writeFileSync(
  join(import.meta.dirname, '../retrieval/analysis/character-sets.ts'),
  `${header}\nexport const CHARACTER_SETS = {\n${lines.join('\n')}\n} as const;\n`,
);
