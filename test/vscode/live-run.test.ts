/**
 * @file A run that trains while a user looks: its curves grow, and where a person must act, a notification says so and the status
 * bar keeps it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom } from '../../src/base/rng.ts';
import { demoStep, writeDemoRun } from '../fixtures/demo-run.ts';
import { picture, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor } from './with-editor.ts';

it('a user is told of a guard and of a failure, and sees curves grow', { timeout: 240_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('live-run', { extension }, ({ page }, folder) => watchesALiveRun(page, folder));
});

/** Its curves grow without being made anew; where a person must act, a notification says so, and the status bar keeps it. */
async function watchesALiveRun(page: Page, folder: string): Promise<void> {
  const writer = writeDemoRun(join(folder, 'runs', 'live'), 20, 1000);
  try {
    await runCommand(page, 'Rec-R1: Open Dashboard'); // of the one that trains
    await page.locator('.tab.active', { hasText: 'live' }).waitFor();
    const panel = await webview(page);
    await panel.locator('#shown-step', { hasText: '20' }).waitFor();
    await panel.locator('#left', { hasText: /min/ }).waitFor();
    await panel.locator('#tokens-per-second', { hasText: /\d/ }).waitFor();
    const canvas = await panel.locator('#curve-reward canvas').elementHandle();
    const drawn = await picture(panel, '#curve-reward canvas');
    writer.append(demoStep(21, rngFrom(2, 'demo')));
    await panel.locator('#shown-step', { hasText: '21' }).waitFor();
    await eventually('A longer curve', async () => (await picture(panel, '#curve-reward canvas')) !== drawn);
    assert.ok(
      await canvas.evaluate((element) => (element as { readonly isConnected: boolean }).isConnected),
      'the same canvas',
    );

    const message = 'The entropy fell below a tenth of what it was at first.';
    writer.append({ kind: 'guard', step: 21, guard: 'entropy', message });
    await page.locator('.notification-toast', { hasText: `live: ${message}` }).waitFor();
    await page.locator('.statusbar-item', { hasText: 'Rec-R1 21/1000' }).hover();
    await page.locator('.monaco-hover', { hasText: `Guard after step 21: ${message}` }).waitFor();
    await screenshot(page, 'dashboard-8-guard');
    writer.append({ kind: 'state', state: 'failed', step: 21, message: 'The disk is full.' });
    await page.locator('.notification-toast', { hasText: 'live failed. The disk is full.' }).waitFor();
    await panel.locator('#problem', { hasText: 'The disk is full.' }).waitFor();
    await screenshot(page, 'dashboard-8-failed');
    await runCommand(page, 'Notifications: Clear All Notifications');
  } finally {
    writer.close();
  }
}
