/**
 * @file What a window's console says, reduced to errors that somebody should look at.
 */
import type { ConsoleMessage, Page } from 'playwright-core';

/** What VS Code itself reports as an error when all is well. */
const EXPECTED: readonly RegExp[] = [
  // Files that open-source builds ask for and never have.
  /^Failed to load resource.*\/(favicon[\w.-]*|vsda\.js|vsda_bg\.wasm)\b/,
  // On a slow machine built-in features ask an extension host that is still starting.
  /Timed out waiting for authentication provider|Aborted onWillSaveTextDocument-event/,
  // Without its command-line front, the server has no key to seal secrets with and keeps them in memory.
  /\/mint-key\b|getServerKeyPart/,
  // In another language than English it looks for words of its own extensions in a shop that open-source builds lack.
  /^%c +ERR.*No extension gallery service configured[^]*getBuiltInExtensionTranslationsUri/,
  // A window in a browser that is reloaded cannot wait for its last writes, and says so; its own log may be among them.
  /\[lifecycle\] Long running operations during shutdown are unsupported in the web/,
  /Unable to write file 'vscode-log:[^']*' \(Error: IndexedDB database '[^']*' is closed/,
];

/** Starts to listen to a page and gives a view of its errors so far. */
export function watchErrors(page: Page): () => readonly string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  page.on('console', (message) => {
    const text = textOf(message);
    if (message.type() === 'error' && !EXPECTED.some((pattern) => pattern.test(text))) errors.push(text);
  });
  return () => errors;
}

const textOf = (message: ConsoleMessage): string => `${message.text()} (${message.location().url})`;
