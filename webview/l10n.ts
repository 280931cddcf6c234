/**
 * @file The panels' texts in the editor's language. The host hands over the same bundle that it uses itself, as an attribute of
 * the page's root; without one, texts are English.
 */
type Bundle = Readonly<Record<string, string>>;

/** What is used of the page; there is none in a test. */
interface Page {
  readonly document?: {
    getElementById(id: string): { readonly dataset: Readonly<Record<string, string | undefined>> } | null;
  };
}

const root = (globalThis as Page).document?.getElementById('app');
const bundle = JSON.parse(root?.dataset.strings ?? '{}') as Bundle;

/** The text in the editor's language, with `{0}`, `{1}`, … replaced by the values. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  return translated(bundle, text, values);
}

export function translated(texts: Bundle, text: string, values: readonly (string | number)[]): string {
  const found = Object.hasOwn(texts, text) ? texts[text] : text;
  return found.replaceAll(/\{(\d+)\}/g, (whole, place: string) => String(values[Number(place)] ?? whole));
}
