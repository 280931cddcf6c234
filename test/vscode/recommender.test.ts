/**
 * @file A recommender of one's own, as a user has it: described in a file of the workspace, its key kept by the editor, and
 * down in the middle of a training.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { listRuns } from '../../src/runs/reader.ts';
import type { RunInfo } from '../../src/runs/records.ts';
import { httpRecommender } from '../fixtures/http-recommender.ts';
import { number, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor } from './with-editor.ts';

const KEY = 'open-sesame-4711';
const STEP_MILLIS = 180_000;

it(
  'a training searches with the user’s recommender and key, and waits while that is down',
  { timeout: 600_000 },
  async () => {
    const recommender = await httpRecommender();
    const extension = { kind: 'development', path: packageRoot() } as const;
    const settings = {
      'rec-r1.training': { retriever: 'shop.json', 'evaluation.limit': 10, 'evaluation.every': 1000 },
    };
    try {
      await withEditor('recommender', { extension, settings }, async ({ page }, folder) => {
        writeFileSync(join(folder, 'shop.json'), JSON.stringify({ kind: 'http', url: recommender.url }));
        await givesKey(page);
        await runCommand(page, 'Rec-R1: Start Training');
        const panel = await webview(page);
        await eventually('A reward', () => number(panel, '#reward'), STEP_MILLIS);
        assert.equal(recommender.authorization, `Bearer ${KEY}`);

        recommender.isDown = true;
        await panel.getByText('Paused', { exact: true }).waitFor({ timeout: STEP_MILLIS });
        await panel.locator('#problem', { hasText: /searches failed.*status 400/ }).waitFor();
        const notification = page.locator('.notification-toast', { hasText: 'Rec-R1 paused' });
        await notification.waitFor();
        await screenshot(page, '8-recommender-down');

        recommender.isDown = false;
        const before = infoOf(folder).step;
        await notification.getByRole('button', { name: 'Resume' }).click();
        await eventually('A step after Resume', () => infoOf(folder).step > before, STEP_MILLIS);
        await panel.locator('#problem').waitFor({ state: 'hidden' }); // there, and empty
        await runCommand(page, 'Rec-R1: Stop Training');
        await eventually('The state "stopped"', () => infoOf(folder).state === 'stopped', STEP_MILLIS);
        assertNoFileHasTheKey(folder);
      });
    } finally {
      recommender.close();
    }
  },
);

/** Takes the variable that is offered. */
async function givesKey(page: Page): Promise<void> {
  await runCommand(page, 'Rec-R1: Set Key of Recommender');
  const input = page.locator('.quick-input-widget input').first();
  await page.getByText('Which key? (1/2)').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('The key for REC_R1_RETRIEVER_TOKEN (2/2)').waitFor();
  await input.fill(KEY);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

function infoOf(folder: string): RunInfo {
  const [run] = listRuns(join(folder, 'runs'));
  assert.ok(run.kind === 'run');
  return run.info;
}

function assertNoFileHasTheKey(folder: string): void {
  const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(files.length > 5);
  for (const { parentPath, name } of files) {
    assert.ok(!readFileSync(join(parentPath, name)).includes(KEY), `${name} holds the key`);
  }
}
