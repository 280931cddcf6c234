/** @file Texts made to break a tokenizer, a stemmer or a sort: seeded, so that maker and test see the same. */
import { type Rng, rngFrom } from '../../src/base/rng.ts';
import type { Document } from '../../src/data/task.ts';

const PIECES = [
  ...[
    'a',
    'b',
    'the',
    'running',
    'generalization',
    'contents',
    '1',
    '2',
    '１',
    '٣',
    'é',
    'ß',
    'İ',
    'ı',
    'Σ',
    'ς',
    'ΟΔΟΣ',
  ],
  ...[
    '.',
    ':',
    ',',
    '-',
    '/',
    '_',
    '#',
    '*',
    "'",
    "'s",
    '’S',
    '＇s',
    '"',
    '(',
    ')',
    '+',
    '^2',
    '~',
    '\\',
    '\t',
    '\n',
    ' ',
    ' ',
  ],
  ...['א', 'ב', '״', 'カ', 'ー', 'ひ', '漢', '字', '𠀀', '가', '각', 'ก', 'ั', 'ไทย', 'မြန်မာ', '𝒜', '𐐀'],
  ...['\u0301', '\u00ad', '\u200b', '\u200d', '\ufe0e', '\ufe0f', '\u20e3', '\u2028', '\u0085', '\ufeff'],
  ...['😀', '👍🏽', '👩‍👩‍👧', '1️⃣', '🇩', '🇪', '❤️', '©', '™', '㊗', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏽'],
];

/** Ids whose order differs between UTF-8 bytes, UTF-16 units and locales. */
const ID_HEADS = ['a', 'B', '10', '9', 'é', 'z', '\uff01', '\u{1f600}', '\u{10000}', '\uffee', 'ß', '-', '_'];

function madeText(rng: Rng, pieces: number): string {
  let text = '';
  for (let i = 0; i < pieces; i++) {
    text += PIECES[rng.below(PIECES.length)];
    if (rng.next() < 0.4) text += ' ';
  }
  return text;
}

/** 3,000 documents of 1 to 400 pieces; many are equal, so that ids decide. */
export function hostileCorpus(): Document[] {
  const rng = rngFrom(1, 'hostile corpus');
  const documents: Document[] = [];
  for (let i = 0; i < 3000; i++) {
    const repeated = i % 5 === 4 ? documents[i - 1].text : undefined;
    const text = repeated ?? madeText(rng, 1 + rng.below(i % 10 === 0 ? 400 : 30));
    documents.push({ id: `${ID_HEADS[i % ID_HEADS.length]}${i}`, title: '', text });
  }
  return documents;
}

/** Hand-picked traps, then 300 random ones. */
export function hostileQueries(): string[] {
  const rng = rngFrom(1, 'hostile queries');
  const random = Array.from({ length: 300 }, () => madeText(rng, 1 + rng.below(25)));
  return [
    ...[
      '',
      ' ',
      'the',
      'to be or not to be',
      '!!! ()',
      '"',
      '😀',
      '👍🏽',
      '🇩🇪 🇩',
      '1️⃣',
      '漢字',
      '日本語 カタカナ',
      'ไทย',
      '가각',
    ],
    ...[
      'İ i',
      'ΟΔΟΣ οδος',
      'e\u0301 é',
      'constructor __proto__',
      "women's dog’s",
      'contents:oculus',
      '(contents:"oculus")',
    ],
    ...[
      'a.b.c 1,000.50 a,b',
      'wi-fi and/or',
      'AND OR NOT + - * ~ ^2',
      'x'.repeat(255),
      'x'.repeat(600),
      '𝒜'.repeat(200),
    ],
    Array.from({ length: 5000 }, (_, i) => `word${i % 3000} running`).join(' '),
    'the best shoes '.repeat(1000),
    ...random,
  ];
}
