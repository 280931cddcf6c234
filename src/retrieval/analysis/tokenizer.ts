/**
 * @file Words of a text as Lucene's StandardTokenizer finds them: the word-break rules of Unicode's Annex 29 with Lucene's
 * additions for emoji and South-East Asian scripts.
 *
 * What surprises: `:` and `.` join letters (`contents:oculus` is one word), `,` joins only digits, `_` joins everything,
 * hyphens and slashes split, every Han and every Hiragana character is a word of its own, and a word never exceeds 255
 * UTF-16 units: the rest becomes the next word. Intl.Segmenter is not used, for it takes CJK words from a dictionary and its
 * tables move with every release of Node.
 */
import { Automaton, type Pattern, DEAD, START, either, many, oneOf, optional, sequence, some } from './automaton.ts';
import { CHARACTER_SETS } from './character-sets.ts';

type SetName = keyof typeof CHARACTER_SETS;

/** In UTF-16 units; Lucene's default. */
const MAX_TOKEN_LENGTH = 255;

interface Tables {
  /** Class of every code point; class 0 is in no set. */
  readonly classes: Uint8Array;
  readonly automaton: Automaton;
}

let tables: Tables | undefined;

/** Calls `visit` with the start and end of each word, in UTF-16 units. */
export function forEachToken(text: string, visit: (start: number, end: number) => void): void {
  const { classes, automaton } = (tables ??= makeTables());
  for (let start = 0; start < text.length;) {
    const end = longestMatch(text, start, classes, automaton);
    if (end > start) visit(start, end);
    start = end > start ? end : start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
  }
}

/** The end of the longest word that begins at `start`; `start` itself when none does. */
function longestMatch(text: string, start: number, classes: Uint8Array, automaton: Automaton): number {
  const { alphabetSize, next, accepts } = automaton;
  const limit = Math.min(text.length, start + MAX_TOKEN_LENGTH);
  let state = START;
  let end = start;
  for (let at = start; at < limit;) {
    let code = text.charCodeAt(at);
    let after = at + 1;
    if (code >= 0xd800 && code < 0xdc00) {
      code = text.codePointAt(at)!;
      if (code > 0xffff) after++;
      if (after > limit) break;
    }
    const symbol = classes[code];
    const following = next[state * alphabetSize + symbol];
    if (following <= DEAD) {
      if (following === DEAD) break;
      automaton.follow(state, symbol);
      return longestMatch(text, start, classes, automaton);
    }
    state = following;
    at = after;
    if (accepts[state] === 1) end = at;
  }
  return end;
}

/**
 * One class per combination of sets that occurs (a digit is a number and the base of a keycap), so that the automaton sees
 * an alphabet of some thirty symbols instead of all of Unicode.
 */
function makeTables(): Tables {
  const names = Object.keys(CHARACTER_SETS) as SetName[];
  const members = new Uint32Array(0x110000); // one bit per set
  names.forEach((name, bit) => {
    forEachCode(CHARACTER_SETS[name], (code) => (members[code] |= 1 << bit));
  });
  const combinations: number[] = [0];
  const classes = new Uint8Array(members.length);
  for (let code = 1; code < members.length; code++) {
    if (members[code] === members[code - 1]) classes[code] = classes[code - 1];
    else classes[code] = classIn(combinations, members[code]);
  }
  const set = (...wanted: readonly SetName[]): Pattern => {
    const mask = wanted.reduce((bits, name) => bits | (1 << names.indexOf(name)), 0);
    return oneOf(combinations.flatMap((bits, index) => ((bits & mask) === 0 ? [] : [index])));
  };
  const without = (wanted: SetName, ...others: readonly SetName[]): Pattern => {
    const bit = (name: SetName): number => 1 << names.indexOf(name);
    const excluded = others.reduce((bits, name) => bits | bit(name), 0);
    return oneOf(
      combinations.flatMap((bits, index) => ((bits & bit(wanted)) !== 0 && (bits & excluded) === 0 ? [index] : [])),
    );
  };
  const token = either(wordPattern(set), emojiPattern(set, without));
  return { classes, automaton: new Automaton(token, combinations.length) };
}

/** The position of a combination in the list, at whose end it is put when it is new. */
function classIn(combinations: number[], bits: number): number {
  const known = combinations.indexOf(bits);
  return known >= 0 ? known : combinations.push(bits) - 1;
}

function forEachCode(ranges: string, visit: (code: number) => void): void {
  let code = 0;
  for (const range of ranges.split(' ')) {
    const [gap, length] = range.split('.').map((digits) => parseInt(digits, 36)) as [number, number];
    code += gap;
    for (const last = code + length; code <= last; code++) visit(code);
  }
}

/** Annex 29's rules WB5 to WB13b, with Lucene's words for the scripts that those rules leave to dictionaries. */
function wordPattern(set: (...names: SetName[]) => Pattern): Pattern {
  /** WB4: marks, formats and joiners belong to what is before them. */
  const extended = (...names: SetName[]): Pattern => sequence(set(...names), many(set('extend')));
  const letter = extended('letter');
  const hebrew = extended('hebrew');
  const number = extended('numeric');
  const katakana = extended('katakana');
  const connector = extended('extendNumLet');

  const letters = sequence(letter, many(sequence(either(many(connector), extended('midLetter')), letter)));
  const numbers = sequence(number, many(sequence(either(many(connector), extended('midNumber')), number)));
  const quotedHebrew = sequence(hebrew, either(extended('singleQuote'), sequence(extended('doubleQuote'), hebrew)));
  const run = either(
    sequence(katakana, many(sequence(many(connector), katakana))),
    some(either(quotedHebrew, numbers, letters)),
  );
  const word = sequence(many(connector), run, many(sequence(some(connector), run)), many(connector));
  return either(word, some(extended('complexContext')), extended('han'), extended('hiragana'));
}

/** Emoji sequences of Unicode's Technical Standard 51: with modifiers, joined, tagged, keycaps and flags. */
function emojiPattern(
  set: (...names: SetName[]) => Pattern,
  without: (name: SetName, ...others: SetName[]) => Pattern,
): Pattern {
  // The presentation selectors are marks too; here they carry meaning and must stay visible.
  const marks = many(without('extend', 'textSelector', 'emojiSelector'));
  const joiners = many(set('joiner'));
  const selector = optional(set('emojiSelector'));
  const element = either(
    sequence(joiners, set('emoji'), marks, selector),
    sequence(optional(sequence(joiners, set('emojiModifierBase'), marks)), set('emojiModifier'), marks),
  );
  const joined = many(sequence(set('joiner'), element));
  const tagged = sequence(some(set('tag')), set('tagEnd'));
  const keycap = sequence(set('keycapBase'), marks, selector, set('keycap'), marks);
  const flagHalf = sequence(set('regional'), many(set('extend')));
  return either(sequence(element, either(joined, tagged)), keycap, sequence(flagHalf, flagHalf));
}
