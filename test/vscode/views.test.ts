/**
 * @file The side bar with runs, tasks and indexes, the Test Explorer, and what an assistant is told, in one window with one
 * small run.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { openPostings } from '../../src/app/index-cache.ts';
import { cacheFolder } from '../../src/base/cache-folder.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import type { EvaluationRow } from '../../src/runs/events.ts';
import { openRunReader } from '../../src/runs/reader.ts';
import { train } from '../fixtures/small-training.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { writeToolCaller } from '../fixtures/tool-caller.ts';
import { openFile, pick, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

const ANSWER_MILLIS = 90_000;
const CHECKPOINT = 'step-000004';
const extension = { kind: 'development', path: packageRoot() } as const;

it(
  'a user finds runs, data, tests and tools where the editor keeps such things',
  { timeout: 600_000 },
  async (context) => {
    const helper = join(temporaryFolder(context), 'tool-caller');
    writeToolCaller(helper, [
      { name: 'rec-r1_list_runs', input: {} },
      { name: 'rec-r1_show_step', input: { run: 'first', step: 2 } },
      { name: 'rec-r1_compare_checkpoints', input: { run: 'first', b: CHECKPOINT } },
      { name: 'rec-r1_rewrite_query', input: { query: 'a thing to warm my neck' } },
    ]);
    const provokes = /The row was just read anew/;
    await withEditor('views', { extension, helpers: [helper], provokes }, async ({ page }, folder) => {
      await page.locator('.activitybar').getByRole('tab', { name: 'Rec-R1' }).click();
      await isWelcomed(page);
      const runDir = join(folder, 'runs', 'first');
      await train(runDir);
      mkdirSync(join(folder, 'runs', 'broken'));
      writeFileSync(join(folder, 'runs', 'broken', 'run.sqlite'), 'no database');
      cpSync(join(packageRoot(), 'media', 'sample'), join(folder, 'shop'), { recursive: true });
      const documents = [{ id: 'P1', title: 'Hat', text: 'A hat.' }];
      const indexes = join(cacheFolder(), 'indexes');
      await openPostings({ documents, dir: '/elsewhere/hats' }, { folder: indexes, minCharacters: 0 });

      await seesRuns(page);
      await seesData(page);
      await deletesIndex(page);
      await usesCheckpoint(page);
      await forks(page);
      await comparesWith(page);
      await exports(page, folder);
      await resumesRevealsAndDeletes(page, folder);
      await losesRow(page);
      await runsTests(page, folder, evaluated(runDir));
      await answersAssistants(page, folder);
    });
  },
);

function evaluated(runDir: string): readonly EvaluationRow[] {
  const reader = openRunReader(runDir);
  try {
    return reader.evaluationRows(reader.evaluations().at(-1)!.id);
  } finally {
    reader.close();
  }
}

function row(page: Page, text: string | RegExp): Locator {
  return page.locator('.pane-body .monaco-list-row', { hasText: text });
}

/** Views with nothing in them say what they are for, and start with a click. */
async function isWelcomed(page: Page): Promise<void> {
  const welcome = page.locator('.welcome-view');
  await welcome.getByRole('button', { name: 'Start Training' }).waitFor({ timeout: ANSWER_MILLIS });
  await welcome.getByRole('button', { name: 'New Run Configuration' }).waitFor();
  await welcome.getByText('No task in this workspace yet.').waitFor();
  await screenshot(page, 'views-0-welcome');
}

async function seesRuns(page: Page): Promise<void> {
  await row(page, /broken\s*cannot be read/).waitFor({ timeout: ANSWER_MILLIS });
  await row(page, /first\s*4\/4/).waitFor({ timeout: ANSWER_MILLIS });
  await row(page, /first\s*4\/4/)
    .locator('.monaco-tl-twistie')
    .click();
  await row(page, /step-000004\s*0\.\d{3} [+−]0\.\d{3} NDCG@10/)
    .locator('.monaco-tl-twistie')
    .click();
  await row(page, /^validation\s*0\.\d{3}/).waitFor();
}

async function seesData(page: Page): Promise<void> {
  await runCommand(page, 'Rec-R1: Refresh Tasks and Indexes');
  await row(page, /^Tasks\s*\d\.\d MB/).waitFor();
  await row(page, /^shop\s*\d\.\d MB/).waitFor();
  await row(page, /^hats\s*\d+ B/).waitFor();
  await screenshot(page, 'views-1-side-bar');
}

async function deletesIndex(page: Page): Promise<void> {
  await fromMenu(page, row(page, /^hats/), 'Delete from Cache');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('Delete the index of hats').waitFor();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await row(page, /^hats/).waitFor({ state: 'detached' });
}

async function usesCheckpoint(page: Page): Promise<void> {
  await fromMenu(page, row(page, CHECKPOINT), 'Use for Rewrites');
  await page.locator('.statusbar-item', { hasText: CHECKPOINT }).waitFor();
}

/** The new run has the step of the checkpoint already. */
async function forks(page: Page): Promise<void> {
  await fromMenu(page, row(page, 'step-000002'), 'Fork…');
  const input = page.locator('.quick-input-widget input').first();
  await page.getByText('A new run goes on after step 2').waitFor();
  await input.fill('5');
  await page.keyboard.press('Enter');
  await row(page, /5\/5/).waitFor({ timeout: ANSWER_MILLIS });
  await page.locator('.statusbar-item', { hasText: 'Rec-R1 5/5' }).waitFor();
  await (await webview(page)).locator('#step', { hasText: '5' }).waitFor(); // the list is refreshed until then, and an open menu may lose its row
}

async function comparesWith(page: Page): Promise<void> {
  await fromMenu(page, row(page, CHECKPOINT), 'Compare With…');
  await pick(page, 'Against what?', 'raw');
  await pick(page, 'On which queries?', 'validation');
  await page.locator('.tab.active', { hasText: 'first' }).waitFor();
  const panel = await webview(page);
  await panel.locator('#comparison-means .difference').waitFor({ timeout: ANSWER_MILLIS });
}

/** A finished run goes on to more steps; its folder is shown where the window's files are; the fork goes when that is confirmed. */
async function resumesRevealsAndDeletes(page: Page, folder: string): Promise<void> {
  const run = row(page, /first\s*4\/4/);
  await fromMenu(page, run, 'Resume Training');
  await page.getByText('It has finished its 4 steps.').waitFor();
  await page.keyboard.press('Escape');
  await fromMenu(page, run, 'Reveal Folder of Run');
  await page.locator('.explorer-folders-view .monaco-list-row.selected', { hasText: 'first' }).waitFor();
  await page.locator('.activitybar').getByRole('tab', { name: 'Rec-R1' }).click();
  const fork = row(page, /5\/5/);
  const name = (await fork.locator('.label-name').first().innerText()).trim();
  await fromMenu(page, fork, 'Delete Run');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText(`Delete the run ${name} with its checkpoints?`).waitFor();
  await screenshot(page, 'views-2-delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await fork.waitFor({ state: 'detached' });
  assert.ok(!existsSync(join(folder, 'runs', name)));
}

/** The one run that is left could be taken for it, and is not. */
async function losesRow(page: Page): Promise<void> {
  await runCommand(page, 'Test: Delete Lost Row');
  await page.locator('.notification-toast', { hasText: 'nothing was done' }).waitFor();
  assert.equal(await page.locator('.monaco-dialog-box').count(), 0);
  await runCommand(page, 'Notifications: Clear All Notifications');
}

async function exports(page: Page, folder: string): Promise<void> {
  await fromMenu(page, row(page, CHECKPOINT), 'Export Checkpoint…');
  await pick(page, 'For what?', 'transformers');
  await pick(page, 'How are numbers stored?', 'float32');
  const input = page.locator('.quick-input-widget input').first();
  await eventually('The suggested folder', async () => (await input.inputValue()).includes(basename(folder)));
  await page.keyboard.press('Enter');
  const out = join(folder, `first-${CHECKPOINT}-merged`);
  await eventually('The exported model', () => existsSync(join(out, 'model.safetensors')), ANSWER_MILLIS);
  await page.locator('.notification-toast', { hasText: 'is in' }).waitFor();
  await screenshot(page, 'views-2-exported');
  await runCommand(page, 'Notifications: Clear All Notifications');
}

/** One test that passes by what the evaluation recorded, one that cannot. */
async function runsTests(page: Page, folder: string, rows: readonly EvaluationRow[]): Promise<void> {
  const { query, top } = rows.find((each) => each.top.length === 10)!;
  const tests = [
    { name: 'the best stays', query, documents: [top[0]], k: 1 },
    { name: 'the last comes first', query, documents: [top[9]], k: 1 },
  ];
  writeFileSync(join(folder, 'rec-r1.tests.json'), JSON.stringify({ tests }, undefined, 2));
  await openFile(page, 'rec-r1.tests.json');
  await page.locator('.activitybar').getByRole('tab', { name: 'Testing' }).click({ timeout: ANSWER_MILLIS });
  await page.locator('.test-explorer .monaco-list-row', { hasText: 'rec-r1.tests.json' }).waitFor();
  await runCommand(page, 'Test: Run All Tests');
  await page
    .getByText(/is at 10/)
    .first()
    .waitFor({ timeout: ANSWER_MILLIS });
  await eventually('The counts', async () => /1\/2/.test(await page.locator('.test-explorer').innerText()));
  await screenshot(page, 'views-3-tests');
}

async function answersAssistants(page: Page, folder: string): Promise<void> {
  await runCommand(page, 'Test: Call Tools');
  const confirmation = page.locator('.monaco-dialog-box', { hasText: 'a thing to warm my neck' });
  await confirmation.waitFor({ timeout: ANSWER_MILLIS });
  await screenshot(page, 'views-4-tools');
  await confirmation.getByRole('button', { name: 'Yes' }).click();
  const file = join(folder, 'tools.json');
  const said = JSON.parse(await written('The answers', file, ANSWER_MILLIS)) as Readonly<Record<string, string>>;
  assert.match(
    said['rec-r1_list_runs'],
    /^first: finished, step 4 of 4, task sample, validation after step 4: ndcg@10 0\.\d{3}/m,
  );
  assert.match(said['rec-r1_show_step'], /^first, step 2 of 4 \(finished\)\nreward -?\d/);
  assert.match(
    said['rec-r1_compare_checkpoints'],
    /^ndcg@10 on 6 validation queries: raw 0\.\d{4}, step-000004 0\.\d{4}\n/,
  );
  assert.match(
    said['rec-r1_rewrite_query'],
    /^"a thing to warm my neck" → ".+" by step-000004\nFound for the rewrite:\n {2}1\. P\d{4} /,
  );
}

/**
 * By keyboard at the end: a menu passes over a click that comes right after the one that opened it. Where the list is drawn anew
 * at that moment, the menu closes or is another row's; then it is opened again.
 */
async function fromMenu(page: Page, target: Locator, command: string): Promise<void> {
  const menu = page.locator('.monaco-menu');
  const item = menu.getByRole('menuitem', { name: command });
  await eventually(`${command} in the menu`, async () => {
    await target.click({ button: 'right' });
    await page.waitForTimeout(500);
    if (await item.isVisible()) return true;
    await page.keyboard.press('Escape');
    return false;
  });
  await item.hover();
  await page.keyboard.press('Enter');
  await menu.waitFor({ state: 'hidden' });
}
