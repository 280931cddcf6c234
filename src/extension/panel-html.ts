/**
 * @file A panel's page: its script and its style sheet stand in it, each with the page's nonce, and nothing comes from anywhere
 * else. As files of their own they would be asked for through the editor's service worker and its window, and a person would look
 * at an empty panel meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { textLanguage } from './language.ts';

/** The hash of an empty style element, which the control library adds and then fills from its script. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** A panel may run its script, and load nothing. */
export const PANEL_OPTIONS: vscode.WebviewOptions = { enableScripts: true, localResourceRoots: [] };

interface Page {
  /** Of its script and its style sheet in dist/. */
  readonly name: 'webview' | 'playground';
  /** What the script should know from the start, as `data-*` attributes of its root. */
  readonly data?: Readonly<Record<string, string>>;
}

export function panelHtml({ extensionPath }: vscode.ExtensionContext, { name, data }: Page): string {
  const built = (extension: string): string =>
    readFileSync(join(extensionPath, 'dist', `${name}.${extension}`), 'utf8');
  const nonce = randomBytes(16).toString('base64url');
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}' ${EMPTY_STYLE}`;
  const values = { ...data, strings: JSON.stringify(vscode.l10n.bundle ?? {}) };
  const attributes = Object.entries(values)
    .map(([attribute, value]) => ` data-${attribute}="${escaped(value)}"`)
    .join('');
  return `<!DOCTYPE html>
<html lang="${escaped(textLanguage())}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escaped(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <style nonce="${nonce}">${built('css')}</style>
    <title>Rec-R1</title>
  </head>
  <body>
    <main id="app"${attributes}></main>
    <script type="module" nonce="${nonce}">${built('js')}</script>
  </body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
