/**
 * @file Comparing checkpoints as a user does before shipping one: two of a run, one of another run beside them, the queries,
 * what changed in one, and a report.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { trainTwoSteps } from './small-run.ts';
import { pick, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor } from './with-editor.ts';

const EVALUATION_MILLIS = 180_000;

it('a user compares checkpoints of two runs and exports a report', { timeout: 600_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('comparison', { extension }, async ({ page }, folder) => {
    await trainTwoSteps(join(folder, 'runs', 'first'), 1);
    await trainTwoSteps(join(folder, 'runs', 'second'), 2);
    await runCommand(page, 'Rec-R1: Compare Checkpoints');
    await choosesRun(page, 'first');
    await pick(page, 'Which checkpoint should be judged?', 'step-000002');
    await pick(page, 'Against what?', 'step-000000');
    await pick(page, 'On which queries?', 'validation');
    const panel = await webview(page);
    await panel.locator('#comparison-means .difference').waitFor({ timeout: EVALUATION_MILLIS });

    await panel.getByRole('button', { name: 'Add Another…' }).click();
    await pick(page, 'Which checkpoint should be judged too?', 'after step 2 of second');
    const other = panel.getByRole('button', { name: 'second:step-000002' });
    await other.waitFor({ timeout: EVALUATION_MILLIS });
    assert.equal(await other.getAttribute('aria-pressed'), 'true');
    await panel.getByText(/Settings that differ: \d/).click();
    await panel.getByRole('rowheader', { name: 'seed' }).waitFor();
    await panel.getByRole('button', { name: 'step-000002', exact: true }).click();

    await searches(panel);
    await screenshot(page, '11-comparison');
    await exports(page, panel, folder);
  });
});

async function choosesRun(page: Page, name: string): Promise<void> {
  await page.locator('.quick-input-title', { hasText: 'Compare checkpoints of which run?' }).waitFor();
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).click();
}

async function searches(panel: FrameLocator): Promise<void> {
  const rows = panel.locator('#comparison-rows [role="rowheader"]');
  await panel.locator('#compared-count').getByText('20 queries').waitFor();
  const query = await rows.first().innerText();
  await panel.locator('#compared-text input').fill(query.trim());
  await panel.locator('#compared-count').getByText('of 20 queries').waitFor();
  await rows.getByRole('button').first().click();
  await panel.locator('.text-diff').waitFor();
  assert.ok((await panel.locator('#comparison-rows .lists li').count()) > 0, 'both lists are shown');
}

async function exports(page: Page, panel: FrameLocator, folder: string): Promise<void> {
  await panel.getByRole('button', { name: 'Export Report…' }).click();
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await eventually('The suggested file', async () => (await input.inputValue()).endsWith('comparison.md'));
  await page.keyboard.press('Enter');
  const file = join(folder, 'runs', 'first', 'comparison.md');
  const markdown = await eventually('The report', () => textOf(file));
  assert.match(markdown, /^# first: NDCG@10 on 20 validation queries/);
  assert.match(textOf(join(folder, 'runs', 'first', 'comparison-means.svg')) ?? '', /^<svg/);
  await page.getByRole('tab', { name: /Preview comparison\.md/ }).waitFor();
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
