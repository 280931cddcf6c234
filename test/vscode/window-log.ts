/**
 * @file What a window's console says, reduced to errors that somebody should look at.
 */
import type { ConsoleMessage, Page } from 'playwright-core';

/** Files that open-source builds of VS Code ask for and never have. */
const MISSING_BY_DESIGN = /\/(favicon[\w.-]*|vsda\.js|vsda_bg\.wasm)(\?|$)/;

/** Starts to listen to a page and gives a view of its errors so far. */
export function watchErrors(page: Page): () => readonly string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message))
      errors.push(`${message.text()} (${message.location().url})`);
  });
  return () => errors;
}

function isExpected(message: ConsoleMessage): boolean {
  return message.text().startsWith('Failed to load resource') && MISSING_BY_DESIGN.test(message.location().url);
}
