/**
 * @file The editor's theme for what is drawn on a canvas. To read a colour the page must compute its styles, so each is read once
 * and kept until the theme changes.
 */
const read = new Map<string, string>();

/** The value of a theme colour's custom property; the text's colour where the theme has none. */
export function themeColor(name: string): string {
  return kept(name, (style) => style.getPropertyValue(name).trim() || style.color);
}

export function themeFont(): string {
  return kept('font-family', (style) => style.fontFamily);
}

/** The theme is another one from now on. */
export function forgetTheme(): void {
  read.clear();
}

function kept(name: string, value: (style: CSSStyleDeclaration) => string): string {
  let found = read.get(name);
  if (found === undefined) {
    found = value(getComputedStyle(document.body));
    read.set(name, found);
  }
  return found;
}
