/**
 * @file Every panel without a mouse and without good eyes: names for screen readers, the Tab key's way through, and contrast in the
 * built-in themes, those of high contrast among them.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { faint, nameless, spoken, walk } from './accessibility.ts';
import { trainTwoSteps } from './small-run.ts';
import { pick, runCommand, screenshot, webview, webviewWith } from './user.ts';
import { withEditor } from './with-editor.ts';

const ANSWER_MILLIS = 120_000;
const THEMES = ['Dark 2026', 'Light 2026', 'Dark High Contrast', 'Light High Contrast'];

it('every panel can be read, heard and used by keyboard in every kind of theme', { timeout: 900_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('accessibility', { extension }, async ({ page }, folder) => {
    await trainTwoSteps(join(folder, 'runs', 'first'), 1, ['optimizer.learningRate=0.003']);
    for (const [name, open] of Object.entries({ rollouts, evaluation, comparison, playground })) {
      const panel = await open(page);
      await isHeard(page, name);
      await isReached(page, panel, name);
      await isSeen(page, panel, name);
    }
  });
});

async function rollouts(page: Page): Promise<FrameLocator> {
  await runCommand(page, 'Rec-R1: Open Dashboard');
  const panel = await webview(page);
  await panel.getByRole('table', { name: 'Rollouts of step 2', exact: true }).waitFor();
  await panel.locator('.disclosure').first().press('Enter');
  await panel.getByRole('button', { name: 'Explain Scores' }).press('Enter');
  await panel.locator('.looked-at').waitFor({ timeout: ANSWER_MILLIS });
  return panel;
}

async function evaluation(page: Page): Promise<FrameLocator> {
  const panel = await webview(page);
  await panel.getByRole('tab', { name: 'Rollouts' }).focus();
  await page.keyboard.press('ArrowRight');
  await panel.getByRole('table', { name: /^Each query at step 2/ }).waitFor();
  await panel.locator('.disclosure').first().press('Enter');
  await panel.locator('.list.after .name').first().waitFor();
  return panel;
}

async function comparison(page: Page): Promise<FrameLocator> {
  await runCommand(page, 'Rec-R1: Compare Checkpoints');
  await pick(page, 'Which checkpoint should be judged?', 'step-000002');
  await pick(page, 'Against what?', 'step-000000');
  await pick(page, 'On which queries?', 'validation');
  const panel = await webview(page);
  await panel.locator('#comparison-means .difference').waitFor({ timeout: ANSWER_MILLIS });
  await panel.locator('#comparison-rows .disclosure').first().press('Enter');
  await panel.locator('#comparison-rows .list.after li').first().waitFor();
  return panel;
}

async function playground(page: Page): Promise<FrameLocator> {
  await runCommand(page, 'View: Close All Editors');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await runCommand(page, 'Rec-R1: Try a Query');
  const panel = await webviewWith(page, (top) => top.getByRole('heading', { name: 'step-000002' }));
  await panel.getByRole('textbox', { name: 'Query' }).fill('something for my back when I sit all day');
  await page.keyboard.press('Enter');
  await panel.getByRole('status').getByText('The likeliest rewrites.').waitFor({ timeout: ANSWER_MILLIS });
  return panel;
}

/** Everything that a screen reader stops at has a name, and what changes by itself is said. */
async function isHeard(page: Page, name: string): Promise<void> {
  assert.deepEqual(await nameless(page), [], `without a name in ${name}`);
  const said = await spoken(page);
  assert.ok(said.length > 50, `${name} has only ${said.length} things to say`);
  assert.ok(said.some((line) => line.startsWith('status: ')), `nothing in ${name} is said when it changes`); // prettier-ignore
}

/** The Tab key comes to every control and out again, and one sees where it is. */
async function isReached(page: Page, panel: FrameLocator, name: string): Promise<void> {
  const { stops, unseen, missed } = await walk(page, panel);
  assert.ok(stops.length >= 5, `only ${stops.length} stops in ${name}`);
  assert.deepEqual({ unseen, missed }, { unseen: [], missed: [] }, `by keyboard in ${name}: ${stops.join(', ')}`);
}

async function isSeen(page: Page, panel: FrameLocator, name: string): Promise<void> {
  for (const theme of THEMES) {
    await runCommand(page, 'Preferences: Color Theme');
    await page.locator('.quick-input-widget input').first().fill(theme);
    await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: theme }).waitFor();
    await page.keyboard.press('Enter');
    await panel.locator(`body[data-vscode-theme-id="${theme}"]`).waitFor();
    await page.waitForTimeout(300); // canvases are drawn anew
    await screenshot(page, `accessibility-${name}-${theme}`);
    assert.deepEqual(await faint(panel), [], `too faint in ${name} under ${theme}`);
  }
}
