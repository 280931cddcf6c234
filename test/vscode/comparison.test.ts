/**
 * @file Comparing checkpoints as a user does before shipping one: two of a run, one of another run beside them, the queries,
 * what changed in one, and a report; and the same comparison again after the panel was closed and the window reloaded.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { writeRetention } from '../../src/runs/retention.ts';
import { trainTwoSteps } from './small-run.ts';
import { choose, pick, runCommand, screenshot, tabTo, webview, webviewWith } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

const EVALUATION_MILLIS = 180_000;
/** In two steps, so that some queries gain and some lose. */
const LEARNS_MUCH = ['optimizer.learningRate=0.003'];

it('a user compares checkpoints of two runs and exports a report', { timeout: 600_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('comparison', { extension }, async ({ page }, folder) => {
    await trainTwoSteps(join(folder, 'runs', 'first'), 1, LEARNS_MUCH);
    await trainTwoSteps(join(folder, 'runs', 'second'), 2, LEARNS_MUCH);
    await probed(join(folder, 'runs', 'first'), 'step-000002');
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

    assert.match(await panel.locator('#retention').innerText(), /instructions\s+0\.750 \[0\.500, 1\.000\]/);
    await sortsAndFilters(panel);
    await goesByKeyboard(page, panel);
    await screenshot(page, '11-comparison-queries');
    await searches(panel);
    await screenshot(page, '11-comparison');
    await exports(page, panel, folder);
    await findsItAsItWas(page);
  });
});

/** As `rec-r1 retention` leaves it. */
async function probed(runDir: string, checkpoint: string): Promise<void> {
  const [values, interval] = [[1, 0, 1, 1], [0.5, 1] as const];
  const probe = { name: 'instructions', source: 'built-in', better: 'higher', values, mean: 0.75, interval, details: {} } as const; // prettier-ignore
  await writeRetention(runDir, { checkpoint, at: 0, probes: [probe] });
}

async function choosesRun(page: Page, name: string): Promise<void> {
  await page.locator('.quick-input-title', { hasText: 'Compare checkpoints of which run?' }).waitFor();
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).click();
}

const QUERIES = 20;

/** The choices show what the verdict counts, and the orders order. */
async function sortsAndFilters(panel: FrameLocator): Promise<void> {
  const verdict = await panel.locator('#comparison-means tbody tr').nth(1).locator('td').last().innerText();
  const [wins, ties, losses] = verdict.split('/').map(Number);
  assert.equal(wins + ties + losses, QUERIES);
  for (const [choice, count] of [
    ['Gained', wins],
    ['Lost', losses],
    ['As good as before', ties],
  ] as const) {
    // prettier-ignore
    await choose(panel, '#compared-show', choice);
    const shown = count === QUERIES ? `${count} queries` : `${count} of ${QUERIES} queries`;
    await panel.locator('#compared-count', { hasText: shown }).waitFor();
  }
  await choose(panel, '#compared-show', 'All queries');
  await panel.locator('#compared-count', { hasText: /^20 queries$/ }).waitFor();
  const column = async (place: number): Promise<number[]> => {
    const cells = await panel.locator(`#comparison-rows [role=row] [role=cell]:nth-child(${place})`).allInnerTexts();
    return cells.map((text) => Number(text.replace('−', '-')));
  };
  const [gain, overlap] = [6, 7];
  await choose(panel, '#compared-order', 'Lost most first');
  await eventually('The losses first', async () => isAscending(await column(gain)));
  await choose(panel, '#compared-order', 'List moved most first');
  await eventually('The lists that moved first', async () => isAscending(await column(overlap)));
}

function isAscending(values: readonly number[]): boolean {
  return values.length > 1 && values.every((value, i) => i === 0 || value >= values[i - 1]);
}

async function goesByKeyboard(page: Page, panel: FrameLocator): Promise<void> {
  await panel.locator('#compared-text input').focus();
  await tabTo(page, panel.locator('.disclosure:focus'));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await panel.locator('#comparison-rows .text-diff').waitFor();
  await tabTo(page, panel.locator('.hit:focus'));
  await panel.locator('.hit:focus').press('Shift+Tab');
  await panel.locator('.disclosure:focus').press('Enter');
  await panel.locator('#comparison-rows .text-diff').waitFor({ state: 'detached' });
}

async function searches(panel: FrameLocator): Promise<void> {
  const rows = panel.locator('#comparison-rows [role="rowheader"]');
  await panel.locator('#compared-count').getByText('20 queries').waitFor();
  const query = await rows.first().innerText();
  await panel.locator('#compared-text input').fill(query.trim());
  await panel.locator('#compared-count').getByText('of 20 queries').waitFor();
  await rows.getByRole('button').first().click();
  await panel.locator('.text-diff').waitFor();
  await panel.locator('#comparison-rows .list.before li').first().waitFor();
  await panel.locator('#comparison-rows .list.after li').first().waitFor();
}

async function exports(page: Page, panel: FrameLocator, folder: string): Promise<void> {
  await panel.getByRole('button', { name: 'Export Report…' }).click();
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await eventually('The suggested file', async () => (await input.inputValue()).endsWith('comparison.md'));
  await page.keyboard.press('Enter');
  const file = join(folder, 'runs', 'first', 'comparison.md');
  const markdown = await written('The report', file);
  assert.match(markdown, /^# first: NDCG@10 on 20 validation queries/);
  assert.match(await written('The picture', join(folder, 'runs', 'first', 'comparison-means.svg')), /^<svg/);
  await webviewWith(page, (top) => top.getByRole('heading', { name: /^first: NDCG@10/ })); // a preview that loads would come back
  await runCommand(page, 'View: Close Editor');
}

/** With the checkpoint of the other run, whose answers were recorded meanwhile, and what was searched and opened. */
async function findsItAsItWas(page: Page): Promise<void> {
  const choices = async (): Promise<string> => {
    const panel = await webviewWith(page, (top) => top.locator('#comparison-rows .text-diff'));
    return [
      await panel.locator('#comparison-means').innerText(),
      await panel.locator('[aria-pressed=true].choice').innerText(),
      await panel.locator('#compared-count').innerText(),
      await panel.locator('#compared-text input').inputValue(),
      await panel.locator('#comparison-rows .text-diff').innerText(),
    ].join('\n');
  };
  const before = await choices();
  await page.waitForTimeout(500); // what was chosen is kept a moment later
  await runCommand(page, 'View: Close Editor');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await runCommand(page, 'Rec-R1: Open Dashboard');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'first' }).click();
  assert.equal(await choices(), before);
  await Promise.all([page.waitForEvent('load'), runCommand(page, 'Developer: Reload Window')]);
  assert.equal(await choices(), before);
}
