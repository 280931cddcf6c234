/**
 * @file The panel of a run as a user reads it: curves, steps, rollouts, and why the search ranks as it does. By mouse and
 * keyboard, on what is on screen.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { openRunReader } from '../../src/runs/reader.ts';
import { writeDemoRun } from '../fixtures/demo-run.ts';
import { runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor } from './with-editor.ts';

const EXTENSION = { kind: 'development', path: packageRoot() } as const;

/** Two finished runs; the newer one was paused, resumed from step 40 and had a guard speak up. */
function writeRuns(folder: string): string {
  const other = writeDemoRun(join(folder, 'runs', 'other'), 30);
  other.append({ kind: 'state', state: 'finished', step: 30 });
  other.close();
  const dir = join(folder, 'runs', 'demo');
  const writer = writeDemoRun(dir, 60, 60);
  writer.append({ kind: 'state', state: 'paused', step: 60 });
  writer.append({ kind: 'guard', step: 60, guard: 'entropy', message: 'The policy writes nearly the same whatever it is asked.' }); // prettier-ignore
  writer.append({ kind: 'state', state: 'finished', step: 60 });
  writer.close();
  return dir;
}

it('a user reads a run: curves, steps, rollouts and why they rank as they do', { timeout: 240_000 }, async () => {
  await withEditor('dashboard', { extension: EXTENSION }, async ({ page }, folder) => {
    const dir = writeRuns(folder);
    await runCommand(page, 'Rec-R1: Open Dashboard');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'demo' }).first().click();
    const panel = await webview(page);
    await panel.locator('#shown-step', { hasText: '60' }).waitFor();
    await screenshot(page, 'dashboard-1');
    await choosesCurves(page, panel);
    await laysAnotherRunOver(page, panel);
    await screenshot(page, 'dashboard-2-runs');
    await choosesAStep(page, panel);
    await readsAnEvaluation(page, panel, dir);
    await readsRollouts(page, panel, dir);
    await changesTheTheme(page);
  });
});

/** A metric more, a logarithmic axis, less smoothing: by keyboard where a menu is. */
async function choosesCurves(page: Page, panel: FrameLocator): Promise<void> {
  await panel.locator('#metrics-button').focus();
  await page.keyboard.press('Enter');
  await panel.getByRole('checkbox', { name: 'Memory in MB' }).click();
  await page.keyboard.press('Escape');
  await panel.locator('#metrics-menu').waitFor({ state: 'hidden' });
  await panel.getByRole('img', { name: /^Memory in MB over 60 steps: from 380 to 392$/ }).waitFor();
  await panel.getByRole('checkbox', { name: 'Log scale' }).click();
  await panel.locator('#curve-kl canvas').waitFor();
  await panel.getByRole('checkbox', { name: 'Log scale' }).click();
  await panel.locator('#curve-reward .u-over').hover();
  await panel.locator('#value-reward', { hasText: /^step \d+: / }).waitFor();
}

async function laysAnotherRunOver(page: Page, panel: FrameLocator): Promise<void> {
  await panel.locator('#runs-button').click();
  await panel.getByRole('checkbox', { name: /\(30\/30, finished\)/ }).click();
  await page.keyboard.press('Escape');
  await panel.getByRole('list', { name: 'Legend' }).getByText('Guard').waitFor();
  await panel.getByRole('button', { name: /^Take .* off the curves$/ }).waitFor();
}

/** By a click on a curve, by keyboard on the slider, and back to the newest. */
async function choosesAStep(page: Page, panel: FrameLocator): Promise<void> {
  const shown = panel.locator('#shown-step');
  await panel.locator('#curve-reward .u-over').click();
  await panel.getByRole('table', { name: /^Rollouts of step (2|3)\d$/ }).waitFor();
  await panel.locator('#step-slider').focus();
  const before = Number(await shown.innerText());
  await page.keyboard.press('ArrowLeft');
  await panel.getByRole('table', { name: `Rollouts of step ${before - 1}`, exact: true }).waitFor();
  await panel.getByRole('button', { name: 'Checkpoint after' }).click();
  await panel.locator('#shown-place', { hasText: 'Checkpoint: step-0000' }).waitFor();
  await panel.locator('#newest').click();
  await panel.getByRole('table', { name: 'Rollouts of step 60', exact: true }).waitFor();
}

/** Every query by gain, and under an open one both lists with the titles of all documents. */
async function readsAnEvaluation(page: Page, panel: FrameLocator, dir: string): Promise<void> {
  const reader = openRunReader(dir);
  const newest = reader.evaluations().at(-1)!;
  const rows = reader.evaluationRows(newest.id);
  const titles = reader.titles(rows.flatMap(({ top, baselineTop }) => [...top, ...baselineTop]));
  reader.close();
  await panel.getByRole('tab', { name: 'Before and After' }).click();
  const table = panel.getByRole('table', { name: `Each query at step ${newest.step}, by gain` });
  assert.equal(await table.getAttribute('aria-rowcount'), String(rows.length + 1));
  const first = table.getByRole('rowheader').first().getByRole('button');
  const query = (await first.innerText()).trim();
  await first.click();
  const top = rows.find((row) => row.query === query)!.top.map((id) => titles.get(id)!);
  for (const title of top) await table.locator('.list.after .name', { hasText: title }).first().waitFor();
  await screenshot(page, 'dashboard-5-evaluation');
  await first.click();
  await panel.getByRole('tab', { name: 'Rollouts' }).click();
}

async function readsRollouts(page: Page, panel: FrameLocator, dir: string): Promise<void> {
  const reader = openRunReader(dir);
  const groups = reader.groups(60);
  reader.close();
  const rewrite = groups[0].rollouts.find(({ format }) => format === 'ok')!;
  await panel.getByRole('button', { name: rewrite.rewrite!, exact: true }).first().click();
  await panel.locator('.completion').scrollIntoViewIfNeeded();
  await panel.getByRole('combobox', { name: 'Colour of tokens' }).first().click();
  await panel.getByRole('option', { name: 'Coloured by difference' }).click();
  await panel.locator('.completion .token').first().waitFor();
  assert.equal((await panel.locator('.completion').innerText()).replace('⏎', ''), rewrite.text);
  await panel.locator('.diff .open-diff').scrollIntoViewIfNeeded();
  await screenshot(page, 'dashboard-3-rollout');
  await panel.getByRole('button', { name: 'Explain Scores' }).click();
  await panel.locator('.looked-at').waitFor();
  await seesPartsAddUp(panel);
  await panel.locator('.diff .list.after .hit').nth(1).click();
  await seesPartsAddUp(panel);
  await panel.locator('.looked-at').scrollIntoViewIfNeeded();
  await screenshot(page, 'dashboard-4-explained');
  await opensDiffEditor(page, panel);
}

/** To the last digit that is shown. */
async function seesPartsAddUp(panel: FrameLocator): Promise<void> {
  const table = panel.locator('.contributions');
  const numbers = await table.locator('tbody td:nth-child(4)').allInnerTexts();
  const sum = numbers.reduce((total, text) => total + Number(text), 0);
  const score = Number(await panel.locator('.score-after').innerText());
  assert.ok(
    score > 0 && Math.abs(sum - score) <= 0.0001 * (numbers.length + 1),
    `${numbers.join(' + ')} is not ${score}`,
  );
}

async function opensDiffEditor(page: Page, panel: FrameLocator): Promise<void> {
  await panel.getByRole('button', { name: 'Open in Diff Editor' }).click();
  const editor = page.locator('.monaco-diff-editor');
  await editor.waitFor();
  await eventually(
    'Both lists',
    async () => (await editor.locator('.view-line', { hasText: 'Running Shoe' }).count()) > 1,
  );
  await screenshot(page, 'dashboard-5-diff-editor');
  await runCommand(page, 'View: Close Editor');
}

/** What is drawn on canvases follows too; the pictures are for a person to look at. */
async function changesTheTheme(page: Page): Promise<void> {
  const panel = await webview(page);
  for (const theme of ['Dark 2026', 'Dark High Contrast']) {
    await runCommand(page, 'Preferences: Color Theme');
    await page.locator('.quick-input-widget input').first().fill(theme);
    await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: theme }).waitFor();
    await page.keyboard.press('Enter');
    await panel.locator('#curve-reward canvas').scrollIntoViewIfNeeded();
    await screenshot(page, `dashboard-6-${theme}`);
    await panel.locator('.disclosure[aria-expanded=false]').first().click();
    await panel.getByRole('combobox', { name: 'Colour of tokens' }).first().scrollIntoViewIfNeeded();
    await screenshot(page, `dashboard-7-${theme}`);
  }
}
