/**
 * @file Where values stand in the text of JSON, for an editor that marks or changes one of them. Text that is not whole yet is
 * read as far as it goes: whoever needs to know whether it is JSON parses it.
 */

/** Offsets in the text; `end` is behind the last character. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** A whole string, one that is not closed on its line, a bracket or separator, or a number or word. */
const TOKEN = /"(?:[^"\\\r\n]|\\.)*"?|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/** The members of the object that begins at or after `from`, by their keys; of a repeated key the last, as JSON.parse has it. */
export function memberPlaces(text: string, from = 0): ReadonlyMap<string, Place> {
  const members = new Map<string, Place>();
  for (const { key, place } of entries(text, from, '{')) {
    if (key !== undefined) members.set(key, place);
  }
  return members;
}

/** The elements of the list that begins at or after `from`. */
export function elementPlaces(text: string, from = 0): readonly Place[] {
  return Array.from(entries(text, from, '['), ({ place }) => place);
}

/** The string of a place; undefined when another value stands there, or a string that is not whole. */
export function stringAt(text: string, { start, end }: Place): string | undefined {
  if (text[start] !== '"') return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(start, end));
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface Entry {
  readonly key: string | undefined;
  readonly place: Place;
}

function* entries(text: string, from: number, bracket: '{' | '['): Generator<Entry> {
  const tokens = text.slice(from).matchAll(TOKEN);
  let depth = 0;
  let key: string | undefined;
  let start: number | undefined;
  let end = 0;
  for (const { 0: token, index } of tokens) {
    const at = from + index;
    if (depth === 0) {
      if (token !== bracket) return;
      depth = 1;
      continue;
    }
    const isTop = depth === 1;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (isTop && token === ':') {
      key = start === undefined ? undefined : stringAt(text, { start, end });
      start = undefined;
    } else if (depth === 0 || (isTop && token === ',')) {
      if (start !== undefined) yield { key, place: { start, end } };
      if (depth === 0) return;
      [key, start] = [undefined, undefined];
    } else {
      start ??= at;
      end = at + token.length;
    }
  }
}
