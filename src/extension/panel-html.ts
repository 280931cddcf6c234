/** @file A panel's page: one script with a nonce, one style sheet, nothing from anywhere else. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { textLanguage } from './language.ts';

/** The hash of an empty style element, which the control library adds and then fills from its script. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

interface Page {
  /** Of its script and its style sheet in dist/. */
  readonly name: 'webview' | 'playground';
  /** What the script should know from the start, as `data-*` attributes of its root. */
  readonly data?: Readonly<Record<string, string>>;
}

export function panelHtml(webview: vscode.Webview, dist: vscode.Uri, { name: page, data }: Page): string {
  const nonce = randomBytes(16).toString('base64url');
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} ${EMPTY_STYLE}`,
    `font-src ${webview.cspSource}`,
  ].join('; ');
  const values = { ...data, strings: JSON.stringify(vscode.l10n.bundle ?? {}) };
  const attributes = Object.entries(values)
    .map(([name, value]) => ` data-${name}="${escaped(value)}"`)
    .join('');
  return `<!DOCTYPE html>
<html lang="${escaped(textLanguage())}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escaped(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${escaped(file(`${page}.css`))}" />
    <title>Rec-R1</title>
  </head>
  <body>
    <main id="app"${attributes}></main>
    <script type="module" nonce="${nonce}" src="${escaped(file(`${page}.js`))}"></script>
  </body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
