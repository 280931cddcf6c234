/**
 * @file The extension on another machine than the window: over SSH and in a container, installed from its package.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { farMachine, type FarMachine, type Way } from './far-machine.ts';
import { packageExtension } from './package.ts';
import { number, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

/** The start includes opening the sample, the model and the engine, and judging the start policy. */
const FIRST_STEP_MILLIS = 180_000;

const WAYS: Readonly<Record<Way, string>> = { ssh: 'over SSH', container: 'in a container with one processor' };

for (const way of ['ssh', 'container'] as const) {
  it(`a user trains, pauses and exports ${WAYS[way]}`, { timeout: 600_000 }, async (test) => {
    const machine = await farMachine(test, way);
    if (!machine) return;
    const vsix = join(dirname(machine.folder), 'rec-r1.vsix');
    await packageExtension(machine.near(vsix));
    await withEditor(`remote-${way}`, { extension: { kind: 'packaged', vsix }, machine }, async ({ page }) => {
      await runCommand(page, 'Rec-R1: Start Training');
      const panel = await webview(page);
      await eventually('A reward in the panel', () => number(panel, '#reward'), FIRST_STEP_MILLIS);
      await screenshot(page, `remote-${way}-1-running`);
      await panel.locator('#pause').click();
      await panel.getByText('Paused', { exact: true }).waitFor();
      await exportsRollouts(page, machine);
      await screenshot(page, `remote-${way}-2-exported`);
    });
  });
}

async function exportsRollouts(page: Page, machine: FarMachine): Promise<void> {
  const panel = await webview(page);
  await panel.locator('#export-jsonl').click();
  const input = page.locator('.quick-input-widget input').first();
  const file = await eventually('A suggested file', async () => {
    const path = await input.inputValue();
    return /rollouts-\d+\.jsonl$/.test(path) && path;
  });
  await page.keyboard.press('Enter');
  assert.ok(file.startsWith(`${machine.folder}/runs/`), file);
  assert.ok((await written('The file', machine.near(file))).includes('"reward"'));
}
