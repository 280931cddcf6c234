/**
 * @file The panels' texts in the editor's language. The host hands over the same bundle that it uses itself, as an attribute of
 * the page's root; without one, texts are English.
 */
type Bundle = Readonly<Record<string, string>>;

const bundle = JSON.parse(globalThis.document?.getElementById('app')?.dataset.strings ?? '{}') as Bundle;

/** The text in the editor's language, with `{0}`, `{1}`, … replaced by the arguments. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  const translated = Object.hasOwn(bundle, text) ? bundle[text] : text;
  return translated.replaceAll(/\{(\d+)\}/g, (whole, place: string) => String(values[Number(place)] ?? whole));
}
