/**
 * @file What a user does in a VS Code window, by keyboard and mouse.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';

/**
 * Runs a command from the command palette.
 *
 * The palette lists the commands that were registered when it opened, and extensions come a little after the window: it is
 * opened again until the command is in it.
 */
export async function runCommand(page: Page, title: string, timeoutMillis = 120_000): Promise<void> {
  const exact = { has: page.getByText(title, { exact: true }) };
  const row = page.locator('.quick-input-list .monaco-list-row').filter(exact).first();
  const focused = page.locator('.quick-input-list .monaco-list-row.focused').filter(exact);
  const deadline = Date.now() + timeoutMillis;
  while (Date.now() < deadline) {
    await page.keyboard.press('F1');
    const input = page.locator('.quick-input-widget input').first();
    await input.waitFor({ state: 'visible' });
    // Where something else takes the focus at that moment, the palette is gone again.
    const isTyped = await input.fill(`>${title}`, { timeout: 5000 }).then(
      () => true,
      () => false,
    );
    if (isTyped && (await appears(row, 1500))) {
      // Matches are sorted by label, so the exact one may not be the first.
      for (let i = 0; i < 20 && (await focused.count()) === 0; i++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      return;
    }
    await page.keyboard.press('Escape');
  }
  throw new Error(`The command palette did not list "${title}" within ${timeoutMillis} ms.`);
}

/** Answers a quick pick that asks `question`: types a part of the row and takes the first that is left. */
export async function pick(page: Page, question: string, row: string): Promise<void> {
  const widget = page.locator('.quick-input-widget');
  await widget.getByPlaceholder(question).fill(row);
  await widget.locator('.monaco-list-row.focused', { hasText: row }).waitFor();
  await page.keyboard.press('Enter');
}

/** Opens a file of the workspace by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  const row = page.locator('.quick-input-list .monaco-list-row.focused', { hasText: name });
  for (let attempt = 0; ; attempt++) {
    await page.keyboard.press('Control+P');
    await page.locator('.quick-input-widget input').first().fill(name);
    if (await appears(row, 3000)) break; // the list of files is made when it is first asked for
    if (attempt === 10) throw new Error(`The editor does not find ${name}.`);
    await page.keyboard.press('Escape');
  }
  await page.keyboard.press('Enter');
  await page.locator('.tab.active', { hasText: name }).waitFor();
}

// As in browser.ts: what the function below uses of the page's globals.
interface FrameElement {
  readonly name: string;
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}
declare const document: {
  querySelectorAll(selector: string): Iterable<FrameElement>;
  elementFromPoint(x: number, y: number): unknown;
};

/**
 * The document of the webview that is on top, as the extension wrote it.
 *
 * Hidden panels that keep their content stay in the page and count as visible, so the frame that a click would hit is taken.
 */
export async function webview(page: Page, timeoutMillis = 120_000): Promise<FrameLocator> {
  const deadline = Date.now() + timeoutMillis;
  while (Date.now() < deadline) {
    const name = await page.evaluate(() => {
      const isOnTop = (frame: FrameElement): boolean => {
        const { left, top, width, height } = frame.getBoundingClientRect();
        return width > 0 && height > 0 && document.elementFromPoint(left + width / 2, top + height / 2) === frame;
      };
      return [...document.querySelectorAll('iframe.webview.ready')].find(isOnTop)?.name;
    });
    if (name !== undefined) {
      return page.frameLocator(`iframe.webview[name="${name}"]`).frameLocator('iframe#active-frame');
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`No webview came to the top within ${timeoutMillis} ms.`);
}

/** The webview on top once it has what is looked for: for a moment the one before is still there. */
export async function webviewWith(
  page: Page,
  content: (panel: FrameLocator) => Locator,
  timeoutMillis = 120_000,
): Promise<FrameLocator> {
  const deadline = Date.now() + timeoutMillis;
  while (Date.now() < deadline) {
    const panel = await webview(page, timeoutMillis);
    if (await appears(content(panel), 1000)) return panel;
  }
  throw new Error(`No webview on top had what was looked for within ${timeoutMillis} ms.`);
}

/** The number that an element of a panel shows now; undefined while it shows none. */
export async function number(panel: FrameLocator, selector: string): Promise<number | undefined> {
  const element = panel.locator(selector);
  if ((await element.count()) === 0) return undefined;
  const text = (await element.innerText()).trim().replace('−', '-');
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Takes an option of a dropdown in a panel. */
export async function choose(panel: FrameLocator, dropdown: string, option: string): Promise<void> {
  await panel.locator(dropdown).click();
  await panel.locator(dropdown).getByRole('option', { name: option, exact: true }).click();
}

/** Presses Tab until something has the focus. */
export async function tabTo(page: Page, focused: Locator): Promise<void> {
  for (let i = 0; i < 20; i++) {
    if ((await focused.count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key does not come to ${String(focused)}.`);
}

/** What is drawn on a canvas of a panel, as text to compare. */
export async function picture(panel: FrameLocator, canvas: string): Promise<string> {
  return panel.locator(canvas).evaluate((element) => (element as unknown as { toDataURL(): string }).toDataURL());
}

/** Where screenshots go: one folder that git ignores. */
export const SCREENSHOTS = join(packageRoot(), '.vscode-test', 'screenshots');

/** Writes a picture of the window for a person to look at. */
export async function screenshot(page: Page, name: string): Promise<string> {
  await mkdir(SCREENSHOTS, { recursive: true });
  const path = join(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

async function appears(locator: Locator, timeoutMillis: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMillis;
  while (Date.now() < deadline) {
    if (await locator.isVisible()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
