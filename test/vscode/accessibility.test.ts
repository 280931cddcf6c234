/**
 * @file Every panel without a mouse and without good eyes: names for screen readers, what they say by themselves, the Tab key's way
 * through, and contrast in the built-in themes, those of high contrast among them.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { listen } from './announcements.ts';
import { faint, nameless, spoken, walk } from './accessibility.ts';
import { trainTwoSteps } from './small-run.ts';
import { pick, runCommand, screenshot, webview, webviewWith } from './user.ts';
import { withEditor } from './with-editor.ts';

const ANSWER_MILLIS = 120_000;
const THEMES = ['Dark 2026', 'Light 2026', 'Dark High Contrast', 'Light High Contrast'] as const;
/** How the editor tells a panel's page which kind of theme it is. */
const THEME_CLASSES: Readonly<Record<(typeof THEMES)[number], string>> = {
  'Dark 2026': 'body.vscode-dark',
  'Light 2026': 'body.vscode-light',
  'Dark High Contrast': 'body.vscode-high-contrast:not(.vscode-high-contrast-light)',
  'Light High Contrast': 'body.vscode-high-contrast-light',
};

it('every panel can be read, heard and used by keyboard in every kind of theme', { timeout: 900_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('accessibility', { extension }, async ({ page }, folder) => {
    await trainTwoSteps(join(folder, 'runs', 'first'), 1, ['optimizer.learningRate=0.003']);
    const problems: string[] = [];
    for (const [name, open] of Object.entries({ rollouts, evaluation, comparison, playground })) {
      const panel = await open(page);
      const found = [...(await unheard(page)), ...(await unreached(page, panel)), ...(await unseen(page, panel, name))];
      problems.push(...found.map((problem) => `${name}: ${problem}`));
    }
    assert.deepEqual(problems, []);
  });
});

async function rollouts(page: Page): Promise<FrameLocator> {
  await runCommand(page, 'Rec-R1: Open Dashboard');
  const panel = await webview(page);
  await panel.getByRole('table', { name: 'Rollouts of step 2', exact: true }).waitFor();
  await panel.locator('.disclosure').first().press('Enter');
  const heard = await listen(panel);
  await panel.getByRole('button', { name: 'Explain Scores' }).press('Enter');
  await panel.locator('.looked-at').waitFor({ timeout: ANSWER_MILLIS });
  const ranks = await panel.locator('.looked-at caption').innerText();
  assert.deepEqual(await heard(), ['polite: Asking the recommender…', `polite: ${ranks}`]);
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
  const panel = await webview(page);
  const heard = await listen(panel);
  await runCommand(page, 'Rec-R1: Compare Checkpoints');
  await pick(page, 'Which checkpoint should be judged?', 'step-000002');
  await pick(page, 'Against what?', 'step-000000');
  await pick(page, 'On which queries?', 'validation');
  await panel.locator('#comparison-means .difference').waitFor({ timeout: ANSWER_MILLIS });
  const news = await heard();
  assert.equal(news.at(0), 'polite: Comparing…');
  assert.match(news.at(-1)!, /^polite: (They do not differ|A difference this large|step-00000\d is better)/);
  await panel.locator('#compared-text input').fill('no query holds this');
  await panel.getByText('No query fits the search.').waitFor();
  assert.deepEqual(await heard(), ['polite: 0 of 20 queries']);
  await panel.locator('#compared-text input').fill('');
  await panel.locator('#comparison-rows .disclosure').first().press('Enter');
  await panel.locator('#comparison-rows .list.after li').first().waitFor();
  return panel;
}

async function playground(page: Page): Promise<FrameLocator> {
  await runCommand(page, 'View: Close All Editors');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await runCommand(page, 'Rec-R1: Try a Query');
  const panel = await webviewWith(page, (top) => top.getByRole('heading', { name: 'step-000002' }));
  const query = panel.getByRole('textbox', { name: 'Query' });
  await query.fill('something for my back when I sit all day');
  const heard = await listen(panel);
  await query.press('Enter');
  await panel.getByRole('status').getByText('The likeliest rewrites.').waitFor({ timeout: ANSWER_MILLIS });
  const rewrite = await panel.getByRole('region', { name: 'step-000002' }).locator('.rewrite').innerText();
  const news = await heard();
  assert.match(news.at(0)!, /^polite: \d of \d rewrites are under way…$/);
  for (const said of [`polite: ${rewrite.trim()}`, 'polite: The likeliest rewrites.'] as const)
    assert.ok(news.includes(said), `"${said}" is not in: ${news.join(', ')}`);
  return panel;
}

/** Everything that a screen reader stops at has a name, and what changes by itself is said. */
async function unheard(page: Page): Promise<readonly string[]> {
  const said = await spoken(page);
  assert.ok(said.length > 50, `it has only ${said.length} things to say`);
  const quiet = said.some((line) => line.startsWith('status: ')) ? [] : ['nothing is said when it changes'];
  return [...quiet, ...(await nameless(page)).map((node) => `without a name: ${node}`)];
}

/** The Tab key comes to every control and out again, and one sees where it is. */
async function unreached(page: Page, panel: FrameLocator): Promise<readonly string[]> {
  const { stops, unseen: hidden, missed } = await walk(page, panel);
  assert.ok(stops.length >= 5, `only ${stops.length} stops: ${stops.join(', ')}`);
  return [
    ...missed.map((control) => `the Tab key does not come to ${control}`),
    ...hidden.map((control) => `one does not see the focus on ${control}`),
  ];
}

async function unseen(page: Page, panel: FrameLocator, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await runCommand(page, 'Preferences: Color Theme');
    await page.locator('.quick-input-widget input').first().fill(theme);
    await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: theme }).waitFor();
    await page.keyboard.press('Enter');
    await panel.locator(THEME_CLASSES[theme]).waitFor();
    await page.waitForTimeout(300); // canvases are drawn anew
    await screenshot(page, `accessibility-${name}-${theme}`);
    found.push(...(await faint(panel)).map((text) => `${theme}: ${text}`));
  }
  return found;
}
