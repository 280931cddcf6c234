/**
 * @file What ends a completion besides the model's own end tokens: further token ids, and texts such as `</answer>`. What
 * ends it belongs to it.
 */
import { describe } from '../base/checks.ts';
import { messageOf, UserError } from '../base/errors.ts';

export interface Stops {
  readonly ids: readonly number[];
  readonly texts: readonly string[];
}

/**
 * Stops as they are written in a setting: nothing, one text, or a JSON list of texts and token ids.
 *
 * @param source where it is written, for messages.
 * @throws UserError for a list of anything else.
 */
export function parseStops(written: string, source: string): Stops {
  if (!written.startsWith('[')) return { ids: [], texts: written === '' ? [] : [written] };
  const list = listOf(written, source);
  const wrong = list.find((stop) => !isText(stop) && !isId(stop));
  if (wrong !== undefined) {
    throw new UserError(`${source} lists ${describe(wrong)}; a stop is a text that is not empty, or a token id.`);
  }
  return { ids: list.filter(isId), texts: list.filter(isText) };
}

function listOf(written: string, source: string): readonly unknown[] {
  try {
    return JSON.parse(written) as unknown[]; // it begins with a bracket
  } catch (error) {
    throw new UserError(`${source} is ${describe(written)}, which is no JSON list: ${messageOf(error)}`);
  }
}

const isText = (stop: unknown): stop is string => typeof stop === 'string' && stop !== '';
const isId = (stop: unknown): stop is number => Number.isSafeInteger(stop) && (stop as number) >= 0;

/**
 * Whether the newest token of a completion completes one of these texts. Special tokens have no text: name them by id.
 *
 * Each token of a text stands for a byte of it at least, so only so many tokens are decoded.
 */
export function endsWithin(
  texts: readonly string[],
  decode: (ids: readonly number[]) => string,
): (tokens: readonly number[]) => boolean {
  if (texts.length === 0) return () => false;
  const longest = Math.max(...texts.map((text) => Buffer.byteLength(text)));
  return (tokens) => {
    const end = decode(tokens.slice(-longest - 1));
    return texts.some((text) => end.includes(text));
  };
}
