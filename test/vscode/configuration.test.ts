/**
 * @file A run configuration as a user makes one: four questions, a file that says what is wrong in it, and a lens that starts it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { listRuns } from '../../src/runs/reader.ts';
import { recR1 } from '../fixtures/command-line.ts';
import { number, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

const FIRST_STEP_MILLIS = 180_000;

it('a user answers four questions, is told of a mistake, and trains with the file', { timeout: 600_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('configuration', { extension }, async ({ page }, folder) => {
    await runCommand(page, 'Rec-R1: New Run Configuration');
    await answers(page, 'What should be found? (1/4)', 'Products of the bundled shop');
    await answers(page, 'Which model should learn to rewrite? (2/4)', 'The bundled starter');
    await answers(page, 'What ranks? (3/4)', 'BM25 over the task’s documents');
    await answers(page, 'For how long? (4/4)', 'A look: 20 steps');

    const file = join(folder, 'sample.rec-r1.json');
    const content = await written('The file', file);
    assert.deepEqual(JSON.parse(content), {
      task: 'sample',
      model: 'starter',
      retriever: 'bm25',
      steps: 20,
      'evaluation.every': 10,
      'checkpoint.every': 10,
    });

    await completes(page);
    await isToldAsInTheTerminal(page, folder);
    await undone(page, 'stepz');
    await eventually('No mistake', async () => (await page.locator('.squiggly-error').count()) === 0);

    await page.locator('.codelens-decoration a', { hasText: 'Start training with this configuration' }).click();
    const panel = await webview(page);
    await eventually('A reward', () => number(panel, '#reward'), FIRST_STEP_MILLIS);
    const [run] = listRuns(join(folder, 'runs'));
    assert.ok(run.kind === 'run' && run.info.totalSteps === 20);
    await runCommand(page, 'Rec-R1: Stop Training');
    await eventually('The end', () =>
      listRuns(join(folder, 'runs')).every((r) => r.kind === 'run' && r.info.state === 'stopped'),
    );
  });
});

/** The schema offers settings and says what they mean; what was written is taken back. */
async function completes(page: Page): Promise<void> {
  await page.locator('.view-line', { hasText: '"steps"' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type(' "groupS');
  await page.keyboard.press('Control+Space');
  const offered = page.locator('.suggest-widget .monaco-list-row', { hasText: 'rollout.groupSize' });
  await offered.waitFor();
  await screenshot(page, '9-configuration-completion');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await undone(page, '"groupS');
  await page.locator('.view-line span', { hasText: '"steps"' }).last().hover();
  await page.locator('.monaco-hover', { hasText: 'A whole number from 1 to' }).waitFor();
}

/** A setting that does not exist, after the first one. */
async function isToldAsInTheTerminal(page: Page, folder: string): Promise<void> {
  await page.locator('.view-line', { hasText: '"steps"' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type(' "stepz": 3,');
  await runCommand(page, 'File: Save');
  const message = 'sample.rec-r1.json: there is no setting "stepz"; did you mean "steps"?';
  const said = page.locator('.marker-widget', { hasText: message });
  await eventually('What is wrong', async () => {
    await page.keyboard.press('F8'); // to the next problem
    return said.isVisible();
  });
  await screenshot(page, '9-configuration');
  await page.keyboard.press('Escape');
  const { stderr } = await recR1(
    'train',
    '--config',
    join(folder, 'sample.rec-r1.json'),
    '--run',
    join(folder, 'none'),
  );
  assert.ok(stderr.includes(message.slice('sample.rec-r1.json'.length)), stderr);
}

async function undone(page: Page, text: string): Promise<void> {
  await eventually(`No ${text}`, async () => {
    await page.keyboard.press('Control+z');
    return (await page.locator('.view-line', { hasText: text }).count()) === 0;
  });
}

async function answers(page: Page, title: string, row: string): Promise<void> {
  await page.locator('.quick-input-title', { hasText: title }).waitFor();
  await page.locator('.quick-input-list .monaco-list-row', { hasText: row }).click();
}
