/**
 * @file The panels' texts in the editor's language. The host hands over the same bundle that it uses itself, as an attribute of
 * the page's root, and says in `lang` which language that is; without one, texts and numbers are English.
 */
import type { TemplateResult } from 'lit';

type Bundle = Readonly<Record<string, string>>;

/** What is used of the page; there is none in a test. */
interface Page {
  readonly document?: {
    readonly documentElement: { readonly lang: string };
    getElementById(id: string): { readonly dataset: Readonly<Record<string, string | undefined>> } | null;
  };
}

const page = (globalThis as Page).document;
const bundle = JSON.parse(page?.getElementById('app')?.dataset.strings ?? '{}') as Bundle;

/** Of the texts, so that numbers are written as the sentences around them. */
export const LANGUAGE = page?.documentElement.lang || 'en';

/** The text in the editor's language, with `{0}`, `{1}`, … replaced by the values. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  return translated(bundle, text, values);
}

/** As `t`, with elements of the page in the places, so that no sentence is put together from halves. */
export function rich(text: string, ...values: readonly (TemplateResult | string | number)[]): readonly unknown[] {
  return piecesOf(bundle, text, values);
}

export function translated(texts: Bundle, text: string, values: readonly (string | number)[]): string {
  return piecesOf(texts, text, values).join('');
}

/** The translation cut at its places, and the values between the cuts; a place without a value stays as it is written. */
function piecesOf<V>(texts: Bundle, text: string, values: readonly V[]): (string | V)[] {
  const found = Object.hasOwn(texts, text) ? texts[text] : text;
  return found.split(/(\{\d+\})/).map((piece) => {
    const place = /^\{(\d+)\}$/.exec(piece);
    return (place ? values.at(Number(place[1])) : undefined) ?? piece;
  });
}
