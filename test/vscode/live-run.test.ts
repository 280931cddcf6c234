/**
 * @file A run that trains while a user looks or listens: its curves grow, and where a person must act, a notification says so and
 * the status bar keeps it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom } from '../../src/base/rng.ts';
import type { RunWriter } from '../../src/runs/store.ts';
import { demoStep, writeDemoRun } from '../fixtures/demo-run.ts';
import { listen } from './announcements.ts';
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

    await hears(panel, writer);

    const message = 'The entropy fell below a tenth of what it was at first.';
    writer.append({ kind: 'guard', step: 25, guard: 'entropy', message });
    await page.locator('.notification-toast', { hasText: `live: ${message}` }).waitFor();
    await page.locator('.statusbar-item', { hasText: 'Rec-R1 25/1000' }).hover();
    await page.locator('.monaco-hover', { hasText: `Guard after step 25: ${message}` }).waitFor();
    await screenshot(page, 'dashboard-8-guard');
    const heard = await listen(panel);
    writer.append({ kind: 'state', state: 'failed', step: 25, message: 'The disk is full.' });
    await page.locator('.notification-toast', { hasText: 'live failed. The disk is full.' }).waitFor();
    await panel.locator('#problem', { hasText: 'The disk is full.' }).waitFor();
    assert.deepEqual([...(await heard())].sort(), ['assertive: The disk is full.', 'polite: Failed']);
    await screenshot(page, 'dashboard-8-failed');
    await runCommand(page, 'Notifications: Clear All Notifications');
  } finally {
    writer.close();
  }
}

/** A screen reader says what is news: that it pauses and goes on, and what a search leaves. It does not count along with the steps. */
async function hears(panel: FrameLocator, writer: RunWriter): Promise<void> {
  const heard = await listen(panel);
  writer.append({ kind: 'state', state: 'paused', step: 21 });
  await panel.locator('#resume').waitFor();
  writer.append({ kind: 'state', state: 'running', step: 21 });
  await panel.locator('#pause').waitFor();
  assert.deepEqual(await heard(), ['polite: Paused', 'polite: Running']);

  await panel.locator('#filter-text input').fill('lamp');
  const count = panel.locator('#filter-count', { hasText: / of / });
  await count.waitFor();
  const counts = [await count.innerText()];
  assert.deepEqual(await heard(), [`polite: ${counts[0]}`]);
  for (let step = 22; step <= 25; step++) {
    writer.append(demoStep(step, rngFrom(step, 'demo')));
    await panel.getByRole('table', { name: `Rollouts of step ${step}`, exact: true }).waitFor();
    counts.push(await count.innerText());
  }
  assert.ok(new Set(counts).size > 1, `the steps differ in what the search leaves: ${counts.join(', ')}`);
  assert.deepEqual(await heard(), []);
  await panel.locator('#filter-text input').fill('');
  await panel.locator('#filter-count', { hasText: /^32 rewrites$/ }).waitFor();
  assert.deepEqual(await heard(), ['polite: 32 rewrites']);
}
