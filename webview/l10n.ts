/**
 * @file The panels' texts in the editor's language. The host hands over the same bundle that it uses itself; without one, texts
 * are English.
 */
type Bundle = Readonly<Record<string, string>>;

let bundle: Bundle = {};

/** Takes the bundle that the page's root carries. Call once, before anything is drawn. */
export function useTexts(json = '{}'): void {
  bundle = JSON.parse(json) as Bundle;
}

/** The text in the editor's language, with `{0}`, `{1}`, … replaced by the values. */
export function t(text: string, ...values: readonly (string | number)[]): string {
  const translated = Object.hasOwn(bundle, text) ? bundle[text] : text;
  return translated.replaceAll(/\{(\d+)\}/g, (whole, place: string) => String(values[Number(place)] ?? whole));
}
