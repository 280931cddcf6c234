/**
 * @file `npm run screenshots`: the README's pictures, taken of the packaged extension in VS Code, in a light and in a dark
 * theme, of a run that trained on the bundled sample with the defaults.
 *
 *     npm run screenshots -- [--run DIR]       a run that is there already, in place of training one for some minutes
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { openRunReader } from '../../src/runs/reader.ts';
import { openInBrowser } from './browser.ts';
import { runCommandLine } from './commands.ts';
import { packageExtension } from './package.ts';
import { openFile, pick, runCommand, screenshot, webview } from './user.ts';

const PICTURES = join(packageRoot(), 'media', 'screenshots');
/** A part of a query of the file that a rewrite helps. */
const HOVERED = 'searching for something to lie on for pilates';
const THEMES = { light: 'Light 2026', dark: 'Dark 2026' } as const;
const QUERY = 'help, my shoulder hurts because i sleep on my side. want one made from plants not plastic';
/** What sticks to the top of a panel and would hide what is scrolled there. */
const STICKY_PIXELS = 80;
/** For what moves, fades or is drawn anew. */
const SETTLE_MILLIS = 700;

const temp = mkdtempSync(join(tmpdir(), 'rr1-pictures-'));
process.on('exit', () => {
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});
process.env.REC_R1_CACHE = join(temp, 'cache'); // what else is trained on this machine is not shown
const folder = await workspace();
const vsix = await packageExtension(join(temp, 'rec-r1.vsix'));
mkdirSync(PICTURES, { recursive: true });
for (const [name, theme] of Object.entries(THEMES)) {
  const settings = { 'workbench.colorTheme': theme, 'editor.minimap.enabled': false, 'files.autoSave': 'off' };
  const editor = await openInBrowser({ folder, extension: { kind: 'packaged', vsix }, settings });
  editor.page.setDefaultTimeout(60_000);
  try {
    await takePictures(editor.page, name);
  } catch (thrown) {
    console.error(`The window at the failure: ${await screenshot(editor.page, 'screenshots-failed')}`);
    throw thrown;
  } finally {
    await editor.close();
  }
}

/** A folder as a shop's search team has it: queries, a run configuration, and a run. */
async function workspace(): Promise<string> {
  const { values } = parseArgs({ options: { run: { type: 'string' } } });
  const dir = join(temp, 'shop');
  const runDir = join(dir, 'runs', 'demo');
  mkdirSync(join(dir, 'runs'), { recursive: true });
  if (values.run === undefined) {
    console.log('Training on the sample, for some minutes ...');
    const cli = join(packageRoot(), 'dist', 'cli.mjs');
    await runCommandLine(process.execPath, [cli, 'train', '--task', 'sample', '--run', runDir]);
  } else {
    cpSync(values.run, runDir, { recursive: true });
  }
  const queries = readFileSync(join(packageRoot(), 'media', 'sample', 'queries.jsonl'), 'utf8').split('\n');
  writeFileSync(join(dir, 'queries.jsonl'), `${queries.slice(0, 40).join('\n')}\n`);
  cpSync(join(packageRoot(), 'media', 'sample'), join(dir, 'products'), { recursive: true });
  const settings = { task: 'sample', model: 'starter', retriever: 'bm25', steps: 160 };
  writeFileSync(join(dir, 'shop.rec-r1.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
  return dir;
}

async function takePictures(page: Page, theme: string): Promise<void> {
  const scenes = { views, dashboard, rollouts, retrieval, comparison, playground, walkthrough, configuration, inline };
  for (const [name, prepare] of Object.entries(scenes)) {
    await prepare(page);
    await page.waitForTimeout(SETTLE_MILLIS);
    const path = join(PICTURES, `${name}-${theme}.png`);
    await page.screenshot({ path });
    console.log(path);
  }
}

/** The side bar beside a run's panel. */
async function views(page: Page): Promise<void> {
  await page.locator('.activitybar').getByRole('tab', { name: 'Rec-R1' }).click();
  await leavePointer(page);
  const rows = page.locator('.pane-body .monaco-list-row');
  await rows.filter({ hasText: '160/160' }).locator('.monaco-tl-twistie').click();
  await rows.filter({ hasText: 'step-000160' }).first().waitFor();
  await opened(page);
}

async function dashboard(page: Page): Promise<void> {
  await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
  await leavePointer(page);
}

async function opened(page: Page): Promise<void> {
  await runCommand(page, 'Rec-R1: Open Dashboard');
  const panel = await webview(page);
  await panel.locator('#rollouts .disclosure').first().waitFor();
  await panel.locator('#curve-reward canvas').waitFor();
  await leavePointer(page);
}

async function walkthrough(page: Page): Promise<void> {
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'Welcome: Open Walkthrough...');
  await page.locator('.quick-input-widget input').first().fill('Teach a model');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Teach a model to rewrite queries' }).click();
  await page.locator('.getting-started-step').first().waitFor();
}

/** A rewrite that gained, of the one whose tokens the training has changed the most, and its siblings. */
async function rollouts(page: Page): Promise<void> {
  const panel = await webview(page);
  const { query, place } = tellingRollout(join(folder, 'runs', 'demo'));
  await panel.locator('#filter-text input').fill(query);
  await panel.locator('#filter-count', { hasText: / of / }).waitFor();
  await panel.locator('#rollouts .disclosure').nth(place).click();
  await choose(panel, 'Colour of tokens', 'Coloured by difference to the start policy');
  await panel.locator('.completion .token').first().waitFor();
  await scrollTo(panel.locator('.filter'));
  await leavePointer(page);
}

async function retrieval(page: Page): Promise<void> {
  const panel = await webview(page);
  await panel.getByRole('button', { name: 'Explain Scores' }).click();
  await panel.locator('.looked-at').waitFor();
  await scrollTo(panel.locator('.diff'));
  await leavePointer(page);
}

async function comparison(page: Page): Promise<void> {
  const panel = await webview(page);
  await runCommand(page, 'Rec-R1: Compare Checkpoints');
  await pick(page, 'Which checkpoint should be judged?', 'step-000160');
  await pick(page, 'Against what?', 'step-000000');
  await pick(page, 'On which queries?', 'validation');
  await panel.locator('#comparison-means .difference').waitFor();
  await panel.locator('#comparison-rows .disclosure').first().click();
  await panel.locator('.text-diff').waitFor();
  await scrollTo(panel.locator('.picker'));
  await leavePointer(page);
}

async function playground(page: Page): Promise<void> {
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'Rec-R1: Try a Query');
  const panel = await webview(page);
  await panel.getByRole('heading', { name: 'step-000160' }).waitFor();
  const query = panel.getByRole('textbox', { name: 'Query' });
  await query.fill(QUERY);
  await query.press('Enter'); // a panel that has just loaded may lose the focus in between
  await panel.getByRole('status').getByText('The likeliest rewrites.').waitFor();
}

/** Completion of a setting's name, with what that means. */
async function configuration(page: Page): Promise<void> {
  await runCommand(page, 'View: Close All Editors');
  await openFile(page, 'shop.rec-r1.json');
  await page.locator('.codelens-decoration a', { hasText: 'Start training with this configuration' }).waitFor();
  await page.locator('.view-line', { hasText: '"steps"' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type(',\n"reward.');
  await page.locator('.suggest-widget .monaco-list-row', { hasText: 'reward.' }).first().waitFor();
  await page.keyboard.press('Control+Space'); // with what it means
  await page.locator('.suggest-details').waitFor();
}

/** With the hover, which is there as long as the pointer is. */
async function inline(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await runCommand(page, 'File: Revert File');
  await runCommand(page, 'View: Close All Editors');
  await openFile(page, 'queries.jsonl');
  const lens = page.locator('.codelens-decoration a');
  await lens.filter({ hasText: /Show what a checkpoint|^→/ }).first().waitFor(); // prettier-ignore
  await runCommand(page, 'Rec-R1: Choose Checkpoint for Rewrites');
  await pick(page, 'Which checkpoint rewrites queries in this workspace?', 'step-000160');
  await lens
    .filter({ hasText: /^→\s.+NDCG/ })
    .nth(14)
    .waitFor();
  await page.locator('.view-line', { hasText: HOVERED }).hover({ position: { x: 260, y: 8 } });
  await page.locator('.monaco-hover:visible', { hasText: 'for the rewrite' }).waitFor();
}

function tellingRollout(runDir: string): { readonly query: string; readonly place: number } {
  const reader = openRunReader(runDir);
  try {
    const step = reader.info().step;
    const known = reader.groups(step).flatMap(({ query, baseline, rollouts: siblings }, group) =>
      siblings.flatMap(({ terms }, place) => {
        const trace = terms.ndcg > (baseline.ndcg ?? 0) ? reader.trace(step, group, place) : null;
        const changes = trace?.reference?.map((reference, i) => Math.abs(trace.logProbs[i] - reference)) ?? [];
        return [{ query, place, change: changes.reduce((sum, change) => sum + change, 0) }];
      }),
    );
    return known.reduce((most, rollout) => (rollout.change > most.change ? rollout : most));
  } finally {
    reader.close();
  }
}

/** To where nothing is told about it. */
async function leavePointer(page: Page): Promise<void> {
  await page.mouse.move(640, 798);
}

async function choose(panel: FrameLocator, label: string, option: string): Promise<void> {
  await panel.getByRole('combobox', { name: label }).first().click();
  await panel.getByRole('option', { name: option }).first().click();
}

/** What is used of an element and its page; this project's Node code has no DOM types. */
interface Placed {
  getBoundingClientRect(): { readonly top: number };
}
declare function scrollBy(x: number, y: number): void;

async function scrollTo(target: Locator): Promise<void> {
  await target.first().evaluate((element, above) => {
    scrollBy(0, (element as unknown as Placed).getBoundingClientRect().top - above);
  }, STICKY_PIXELS);
}
