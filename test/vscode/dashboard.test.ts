/**
 * @file The panel of a run as a user reads it: curves, steps, rollouts, and why the search ranks as it does. By mouse and
 * keyboard, on what is on screen; and the same again after it was closed and after the window was reloaded.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import type { RolloutGroup } from '../../src/runs/events.ts';
import { openRunReader } from '../../src/runs/reader.ts';
import { EQUAL_CAUSES, whyEqual } from '../../webview/why-equal.ts';
import { writeDemoRun } from '../fixtures/demo-run.ts';
import { choose, picture, runCommand, screenshot, tabTo, webview } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

// What the functions below use of the panel's page; this project's Node code has no DOM types.
declare const getComputedStyle: (element: unknown) => { readonly outlineStyle: string };

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

it('a user reads a run: curves, steps, rollouts and why they rank as they do', { timeout: 400_000 }, async () => {
  await withEditor('dashboard', { extension: EXTENSION }, async ({ page }, folder) => {
    const dir = writeRuns(folder);
    await runCommand(page, 'Rec-R1: Open Dashboard');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'demo' }).first().click();
    let panel = await webview(page);
    await panel.locator('#shown-step', { hasText: '60' }).waitFor();
    await screenshot(page, 'dashboard-1');
    await choosesCurves(page, panel);
    await laysAnotherRunOver(page, panel);
    await screenshot(page, 'dashboard-2-runs');
    await choosesAStep(page, panel);
    await readsAnEvaluation(page, panel, dir);
    await readsRollouts(page, panel, dir);
    panel = await webview(page); // the page is made anew when the panel is shown again
    await seesPartsAddUp(panel);
    await filters(page, panel, dir);
    await goesByKeyboard(page, panel, groupsOf(dir, 60));
    await findsItAsItWas(page);
    await changesTheTheme(page);
  });
});

function groupsOf(dir: string, step: number): readonly RolloutGroup[] {
  const reader = openRunReader(dir);
  try {
    return reader.groups(step);
  } finally {
    reader.close();
  }
}

/** A metric more, a logarithmic axis, less smoothing: by keyboard where a menu is. */
async function choosesCurves(page: Page, panel: FrameLocator): Promise<void> {
  await panel.locator('#metrics-button').focus();
  await page.keyboard.press('Enter');
  await panel.getByRole('checkbox', { name: 'Memory in MB' }).click();
  await page.keyboard.press('Escape');
  await panel.locator('#metrics-menu').waitFor({ state: 'hidden' });
  await panel.getByRole('img', { name: /^Memory in MB over 60 steps: from 380 to 392$/ }).waitFor();
  const linear = await picture(panel, '#curve-kl canvas');
  await panel.getByRole('checkbox', { name: 'Log scale' }).click();
  await eventually('A logarithmic curve', async () => (await picture(panel, '#curve-kl canvas')) !== linear);
  await screenshot(page, 'dashboard-1-log');
  await panel.getByRole('checkbox', { name: 'Log scale' }).click();
  await panel.locator('#log-scale[aria-checked=false]').waitFor();
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

/** By a click on a curve, by keyboard on the slider, and back to the newest. Curves, rollouts and checkpoint go along. */
async function choosesAStep(page: Page, panel: FrameLocator): Promise<void> {
  const shown = panel.locator('#shown-step');
  const unmarked = await picture(panel, '#curve-entropy canvas');
  await panel.locator('#curve-reward .u-over').click();
  await panel.getByRole('table', { name: /^Rollouts of step (2|3)\d$/ }).waitFor();
  await panel.locator('#step-slider').focus();
  const before = Number(await shown.innerText());
  const marked = await picture(panel, '#curve-entropy canvas');
  assert.notEqual(marked, unmarked, 'every curve marks the step');
  await page.keyboard.press('ArrowLeft');
  await eventually('The mark on the curve', async () => (await picture(panel, '#curve-entropy canvas')) !== marked);
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
  const rewrite = groupsOf(dir, 60)[0].rollouts.find(({ format }) => format === 'ok')!;
  await panel.getByRole('button', { name: rewrite.rewrite!, exact: true }).first().click();
  await panel.locator('.completion').scrollIntoViewIfNeeded();
  for (const colouring of ['Coloured by log-probability', 'Coloured by difference']) {
    await panel.getByRole('combobox', { name: 'Colour of tokens' }).first().click();
    await panel.getByRole('option', { name: colouring }).click();
    await panel.locator('.completion .token').first().waitFor();
    assert.equal((await panel.locator('.completion').innerText()).replace('⏎', ''), rewrite.text);
    assert.ok((await panel.locator('.completion [class*=less-]').count()) > 0, `${colouring}: some token is marked`);
    await screenshot(page, `dashboard-3-${colouring.split(' ').at(-1)}`);
  }
  await pointsAtADocument(panel);
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

/** Its card has what the corpus has, though nobody asked for an explanation yet. */
async function pointsAtADocument(panel: FrameLocator): Promise<void> {
  await panel.locator('.diff .list.after .hit').first().hover();
  const card = panel.locator('.diff .list.after .card').first();
  await card.getByText(/Deep lugs grip wet ground and mud\.|Light trainers for the street/).waitFor();
  await card.getByText(/p\d\d ·\s+(grade \d|not judged)/).waitFor();
}

/** To the last digit that is shown. */
async function seesPartsAddUp(panel: FrameLocator): Promise<void> {
  const table = panel.locator('.contributions');
  await table.locator('tbody td').first().waitFor();
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

/** What the choices say is found, and goes to the clipboard and to a file. */
async function filters(page: Page, panel: FrameLocator, dir: string): Promise<void> {
  await panel.locator('#step-slider').focus();
  await page.keyboard.press('Home');
  await panel.getByRole('table', { name: 'Rollouts of step 1', exact: true }).waitFor();
  const groups = groupsOf(dir, 1);
  const rollouts = groups.flatMap((group) => group.rollouts);
  const extreme = (of: (...rewards: number[]) => number): number => {
    const isExtreme = (group: RolloutGroup, reward: number | null): boolean =>
      reward === of(...group.rollouts.flatMap((rollout) => rollout.reward ?? []));
    return groups.flatMap((group) => group.rollouts.filter(({ reward }) => isExtreme(group, reward))).length;
  };
  const counts = {
    'Wrong format': rollouts.filter(({ format }) => format !== 'ok').length,
    'Reward 0': rollouts.filter(({ reward }) => reward === 0).length,
    'Best of each query': extreme(Math.max),
    'Worst of each query': extreme(Math.min),
  };
  for (const [choice, count] of Object.entries(counts)) {
    await choose(panel, '#filter-show', choice);
    await panel.locator('#filter-count', { hasText: `${count} of ${rollouts.length} rewrites` }).waitFor();
  }
  await panel.locator('#export-csv').click();
  const file = join(dir, 'rollouts-1.csv');
  const input = page.locator('.quick-input-widget input').first();
  await eventually('The suggested file', async () => (await input.inputValue()).endsWith(file));
  await page.keyboard.press('Enter');
  const text = await written('The file', file);
  assert.match(text, /^step,example,query,.*\r\n1,q\d,/);
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await panel.locator('#copy-rollouts').click();
  await page.keyboard.press('F1'); // a field outside the panel
  await input.waitFor();
  await page.keyboard.press('Control+V');
  await eventually('The clipboard', async () => /step\s+example\s+query\s/.test(await input.inputValue()));
  await page.keyboard.press('Escape');
  await panel.locator('#filter-text input').fill('no rewrite holds this');
  await panel.locator('#filter-count', { hasText: `0 of ${rollouts.length} rewrites` }).waitFor();
  await panel.getByText('No rewrite of this step fits the search.').waitFor();
  await screenshot(page, 'dashboard-6-nothing-fits');
  await panel.locator('#filter-text input').fill('');
  await seesCauses(page, panel, dir);
  await choose(panel, '#filter-show', 'All rewrites');
  await panel.locator('#newest').click();
}

/** Groups that teach nothing say why. */
async function seesCauses(page: Page, panel: FrameLocator, dir: string): Promise<void> {
  const step = [...Array(60).keys()].find((i) => groupsOf(dir, i + 1).some((group) => whyEqual(group)))! + 1;
  const equal = groupsOf(dir, step).filter((group) => whyEqual(group));
  await choose(panel, '#filter-show', 'Groups without a signal');
  await panel.locator('#step-slider').fill(String(step));
  await panel.getByRole('table', { name: `Rollouts of step ${step}`, exact: true }).waitFor();
  for (const group of equal) {
    const row = panel.locator('.original', { hasText: group.query });
    await row.locator('.badge', { hasText: EQUAL_CAUSES[whyEqual(group)!] }).waitFor();
  }
  assert.equal(await panel.locator('.original').count(), equal.length);
  await screenshot(page, 'dashboard-6-no-signal');
}

/** One stop for the table, arrows inside it, Enter to open, Tab to what is in the row; where one is can be seen. */
async function goesByKeyboard(page: Page, panel: FrameLocator, groups: readonly RolloutGroup[]): Promise<void> {
  const focused = panel.locator(':focus');
  const names = groups.flatMap(({ rollouts }) => rollouts.map(({ rewrite }) => rewrite ?? 'no rewrite'));
  await panel.locator('#filter-text input').focus();
  await tabTo(page, panel.locator('.disclosure:focus'));
  assert.equal((await focused.innerText()).trim(), names[0]);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal((await focused.innerText()).trim(), names[2]);
  await page.keyboard.press('End');
  const last = Number(await panel.locator('#rollouts').getAttribute('aria-rowcount')) - 2;
  await panel.locator(`[data-index="${last}"] .disclosure:focus`).waitFor();
  assert.notEqual(
    await focused.evaluate((element) => getComputedStyle(element).outlineStyle),
    'none',
    'one sees where one is',
  );
  await page.keyboard.press('Home');
  await panel.locator('[data-index="1"] .disclosure:focus').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await panel.locator('.disclosure:focus').count(), 0, 'one stop for all rows');
  await page.keyboard.press('Shift+Tab');
  const wasOpen = (await focused.getAttribute('aria-expanded')) === 'true';
  if (!wasOpen) await page.keyboard.press('Enter');
  await tabTo(page, panel.locator('.list.before .hit:focus'));
  await panel
    .locator('.hit:focus + .card')
    .getByText('not judged')
    .or(panel.locator('.hit:focus + .card').getByText('grade'))
    .waitFor();
  await screenshot(page, 'dashboard-6-keyboard');
  await page.keyboard.press('Enter');
  await panel.locator('.hit[aria-pressed=true]').first().waitFor();
}

/** What of a panel its reader chose, as it is on screen. */
async function choices(panel: FrameLocator): Promise<string> {
  await panel.locator('#filter-count').waitFor();
  const rows = panel.locator('.disclosure[aria-expanded=true]');
  await rows.first().waitFor();
  return [
    await panel.locator('#shown-step').innerText(),
    await panel.locator('#filter-count').innerText(),
    await panel.locator('#filter-text input').inputValue(),
    await panel.locator('.legend').innerText(),
    await panel.locator('figcaption').allInnerTexts(),
    await rows.allInnerTexts(),
    await panel.locator('.completion').first().locator('.token').count(),
    await panel.getByRole('tab', { selected: true }).innerText(),
  ].join('\n');
}

/** After the panel was closed and opened, and after the window was reloaded. */
async function findsItAsItWas(page: Page): Promise<void> {
  let panel = await webview(page);
  await panel.locator('#step-slider').fill('40');
  await panel.getByRole('table', { name: 'Rollouts of step 40', exact: true }).waitFor();
  await panel.locator('#filter-text input').fill('lamp');
  await panel.locator('#filter-count', { hasText: /^\d+ of 32 rewrites/ }).waitFor();
  await panel.locator('.disclosure').first().click();
  await panel.locator('.completion .token').first().waitFor();
  const before = await choices(panel);
  await page.waitForTimeout(500); // what was chosen is kept a moment later

  await runCommand(page, 'View: Close Editor');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await runCommand(page, 'Rec-R1: Open Dashboard');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'demo' }).first().click();
  panel = await webview(page);
  await panel.locator('.completion .token').first().waitFor();
  assert.equal(await choices(panel), before);

  await Promise.all([page.waitForEvent('load'), runCommand(page, 'Developer: Reload Window')]);
  panel = await webview(page);
  await panel.locator('.completion .token').first().waitFor();
  assert.equal(await choices(panel), before);
  await panel.locator('#filter-text input').fill('');
  await panel.locator('#newest').click();
}

/** What is drawn on canvases follows too; the pictures are for a person to look at. */
async function changesTheTheme(page: Page): Promise<void> {
  const panel = await webview(page);
  for (const theme of ['Dark 2026', 'Dark High Contrast', 'Light High Contrast']) {
    await runCommand(page, 'Preferences: Color Theme');
    await page.locator('.quick-input-widget input').first().fill(theme);
    await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: theme }).waitFor();
    await page.keyboard.press('Enter');
    await panel.locator('#curve-reward').scrollIntoViewIfNeeded(); // its canvas is made anew
    await screenshot(page, `dashboard-6-${theme}`);
    await panel.locator('.disclosure[aria-expanded=false]').nth(2).click();
    await panel.getByRole('combobox', { name: 'Colour of tokens' }).first().waitFor();
    await screenshot(page, `dashboard-7-${theme}`);
  }
}
