/**
 * @file Instructions whose following can be checked by a program, by the ids and arguments of IFEval (arXiv 2311.07911).
 *
 * Departures: sentences are counted by Unicode's rules and not by an English model; a language is told by its script, so those
 * that are written in Latin letters are not supported; capital and lower case are checked of whatever language it is; a keyword
 * is what it is, not a regular expression; and JSON has no NaN.
 */
import type { Row } from '../../base/checks.ts';

/** Whether a response follows the instruction with the arguments of IFEval's row, where null stands for none. */
type Check = (response: string, args: Row) => boolean;

const CHECKS: Readonly<Record<string, Check>> = {
  'keywords:existence': (text, args) => texts(args.keywords).every((word) => contains(text, word)),
  'keywords:forbidden_words': (text, args) => !texts(args.forbidden_words).some((word) => hasWord(text, word)),
  'keywords:frequency': (text, args) => related(count(text, words(args.keyword), 'gi'), args.relation, args.frequency),
  'keywords:letter_frequency': (text, args) =>
    related(count(text.toLowerCase(), words(args.letter).toLowerCase(), 'g'), args.let_relation, args.let_frequency),
  'language:response_language': (text, args) => isInScript(text, words(args.language)),
  'length_constraints:number_sentences': (text, args) =>
    related(sentencesOf(text).length, args.relation, args.num_sentences),
  'length_constraints:number_words': (text, args) => related(wordsOf(text).length, args.relation, args.num_words),
  'length_constraints:number_paragraphs': (text, args) => hasParagraphs(text, number(args.num_paragraphs)),
  'length_constraints:nth_paragraph_first_word': nthParagraphBegins,
  'detectable_content:number_placeholders': (text, args) =>
    (text.match(/\[.*?\]/g) ?? []).length >= number(args.num_placeholders),
  'detectable_content:postscript': (text, args) => hasPostscript(text, words(args.postscript_marker)),
  'detectable_format:number_bullet_lists': (text, args) =>
    (text.match(/^\s*(?:\*[^*]|-).*$/gm) ?? []).length === number(args.num_bullets),
  'detectable_format:constrained_response': (text) =>
    ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'].some((choice) => text.includes(choice)),
  'detectable_format:number_highlighted_sections': (text, args) => highlights(text) >= number(args.num_highlights),
  'detectable_format:multiple_sections': (text, args) =>
    text.split(new RegExp(`\\s?${escaped(words(args.section_spliter))}\\s?\\d+\\s?`)).length - 1 >=
    number(args.num_sections),
  'detectable_format:json_format': isJson,
  'detectable_format:title': (text) =>
    (text.match(/<<[^\n]+?>>/g) ?? []).some((title) => title.slice(2, -2).trim() !== ''),
  'combination:two_responses': isTwoResponses,
  'combination:repeat_prompt': (text, args) =>
    text.trim().toLowerCase().startsWith(words(args.prompt_to_repeat).trim().toLowerCase()),
  'startend:end_checker': (text, args) =>
    unquoted(text).toLowerCase().endsWith(words(args.end_phrase).trim().toLowerCase()),
  'startend:quotation': (text) => /^".*"$/s.test(text.trim()) && text.trim().length > 1,
  'change_case:capital_word_frequency': (text, args) =>
    related(wordsOf(text).filter(isCapital).length, args.capital_relation, args.capital_frequency),
  'change_case:english_capital': (text) => isCapital(text),
  'change_case:english_lowercase': (text) => /\p{L}/u.test(text) && text === text.toLowerCase(),
  'punctuation:no_comma': (text) => !text.includes(','),
};

/** Languages of IFEval that a script of their own gives away, by their codes. */
const SCRIPTS: Readonly<Record<string, string>> = {
  ...scripts('Cyrillic', ['ru', 'uk', 'bg', 'mk']),
  ...scripts('Arabic', ['ar', 'fa', 'ur']),
  ...scripts('Devanagari', ['hi', 'mr', 'ne']),
  ...scripts('Han', ['zh', 'zh-cn', 'zh-tw']),
  ...{ bn: 'Bengali', el: 'Greek', gu: 'Gujarati', he: 'Hebrew', ja: 'Hiragana', kn: 'Kannada', ko: 'Hangul' },
  ...{ ml: 'Malayalam', pa: 'Gurmukhi', ta: 'Tamil', te: 'Telugu', th: 'Thai' },
};

/** Why an instruction cannot be checked: its id; undefined when it can. */
export function unsupported(id: string, args: Row): string | undefined {
  if (!Object.hasOwn(CHECKS, id)) return id;
  const language = args.language;
  if (id !== 'language:response_language' || (typeof language === 'string' && Object.hasOwn(SCRIPTS, language))) {
    return undefined;
  }
  return `${id} ${String(language)}`;
}

/** Whether a response follows an instruction. Nobody follows one by saying nothing. */
export function follows(response: string, id: string, args: Row): boolean {
  return response.trim() !== '' && CHECKS[id](response, args);
}

/**
 * IFEval's loose reading: whether the response follows when a first or last line of politeness is cut, or the stars of
 * Markdown are, or any of these together.
 */
export function followsLoosely(response: string, id: string, args: Row): boolean {
  const lines = response.split('\n');
  const cut = [lines, lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((some) => some.join('\n').trim());
  return [...cut, ...cut.map((text) => text.replaceAll('*', ''))].some((text) => follows(text, id, args));
}

function related(found: number, relation: unknown, wanted: unknown): boolean {
  return relation === 'less than' ? found < number(wanted) : found >= number(wanted);
}

function contains(text: string, word: string): boolean {
  return new RegExp(escaped(word), 'i').test(text);
}

function hasWord(text: string, word: string): boolean {
  return new RegExp(`\\b${escaped(word)}\\b`, 'i').test(text);
}

function count(text: string, word: string, flags: string): number {
  return word === '' ? 0 : [...text.matchAll(new RegExp(escaped(word), flags))].length;
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];
}

function sentencesOf(text: string): string[] {
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text);
  return Array.from(segments, ({ segment }) => segment).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

/** Paragraphs are set apart by `***`; one at either end may be empty. */
function hasParagraphs(text: string, wanted: number): boolean {
  const parts = text.split(/\s?\*\*\*\s?/).map((part) => part.trim());
  const kept = parts.filter((part, i) => part !== '' || (i > 0 && i < parts.length - 1));
  return kept.length === wanted && !kept.includes('');
}

function nthParagraphBegins(text: string, args: Row): boolean {
  const paragraphs = text.split('\n\n').map((part) => part.trim());
  const nth = paragraphs.at(number(args.nth_paragraph) - 1); // empty ones count here, and below they do not
  const first = /^[\s'"]*([^\s.,?!'"]*)/.exec(nth ?? '')?.[1].toLowerCase();
  const written = paragraphs.filter((part) => part !== '').length;
  return written === number(args.num_paragraphs) && first === words(args.first_word).toLowerCase();
}

function hasPostscript(text: string, marker: string): boolean {
  const spaced = marker === 'P.P.S' ? 'p\\.\\s?p\\.\\s?s' : marker === 'P.S.' ? 'p\\.\\s?s\\.' : escaped(marker);
  return new RegExp(spaced, 'i').test(text);
}

function highlights(text: string): number {
  const single = text.match(/\*[^\n*]*\*/g) ?? [];
  const double = text.match(/\*\*[^\n*]*\*\*/g) ?? [];
  const isNotEmpty = (part: string): boolean => part.replaceAll('*', '').trim() !== '';
  return single.filter(isNotEmpty).length + double.filter(isNotEmpty).length;
}

function isJson(text: string): boolean {
  const bare = text
    .trim()
    .replace(/^```(?:json)?/i, '')
    .replace(/```$/, '');
  try {
    JSON.parse(bare);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function isTwoResponses(text: string): boolean {
  const parts = text.split('******').map((part) => part.trim());
  const kept = parts.filter((part, i) => part !== '' || (i > 0 && i < parts.length - 1));
  return kept.length === 2 && kept[0] !== kept[1] && !kept.includes('');
}

function isInScript(text: string, language: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  const script = SCRIPTS[language];
  const own = language === 'ja' ? /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u : new RegExp(`\\p{Script=${script}}`, 'u'); // prettier-ignore
  return letters.length > 0 && letters.filter((char) => own.test(char)).length > letters.length / 2;
}

/** Python's isupper: some letters, none of them small. */
function isCapital(text: string): boolean {
  return /\p{L}/u.test(text) && text === text.toUpperCase();
}

function unquoted(text: string): string {
  return text.trim().replace(/^"+|"+$/g, '').trim(); // prettier-ignore
}

function scripts(script: string, languages: readonly string[]): Record<string, string> {
  return Object.fromEntries(languages.map((language) => [language, script]));
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(words) : [];
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
