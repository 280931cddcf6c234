/**
 * @file The extension on another machine than its window: installed there from its package, over SSH and in a container. What a
 * user does is done in the window; what comes of it is looked for on the other machine.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, it } from 'node:test';
import type { FrameLocator, Page } from 'playwright-core';
import type { Editor } from './editor.ts';
import { farMachine, type FarMachine, type Way } from './far-machine.ts';
import { packageExtension } from './package.ts';
import { number, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor, written } from './with-editor.ts';

/** The start includes opening the sample, the model and the engine, and judging the start policy. */
const FIRST_STEP_MILLIS = 180_000;

const WAYS: Readonly<Record<Way, string>> = { ssh: 'over SSH', container: 'in a container with one processor' };

// A machine is gigabytes: until their removal has reached the disk, it keeps the next test's records waiting for seconds.
after(() => void spawnSync('sync'));

for (const way of ['ssh', 'container'] as const) {
  it(`a user trains, pauses and exports ${WAYS[way]}`, { timeout: 600_000 }, async (test) => {
    const machine = await farMachine(test, way);
    if (!machine) return;
    const vsix = join(dirname(machine.folder), 'rec-r1.vsix');
    await packageExtension(machine.near(vsix));
    await withEditor(`remote-${way}`, { extension: { kind: 'packaged', vsix }, machine }, async (editor) => {
      const { page } = editor;
      await runCommand(page, 'Rec-R1: Start Training');
      const panel = await webview(page);
      await eventually('A reward in the panel', () => number(panel, '#reward'), FIRST_STEP_MILLIS);
      assertTrainsThere(editor, machine);
      await screenshot(page, `remote-${way}-1-running`);
      await panel.locator('#pause').click();
      await panel.getByText('Paused', { exact: true }).waitFor();
      await exportsThere(page, panel, machine);
      await screenshot(page, `remote-${way}-2-exported`);
    });
  });
}

/** With the editor's own Node there, for there is no other. */
function assertTrainsThere(editor: Editor, machine: FarMachine): void {
  const started = `${machine.node} ${machine.dataDir}/extensions/`;
  const training = editor.processes().filter(({ command }) => command.includes('"kind":"train"'));
  assert.equal(training.length, 1);
  assert.ok(training[0].command.startsWith(started), training[0].command);
}

async function exportsThere(page: Page, panel: FrameLocator, machine: FarMachine): Promise<void> {
  await panel.locator('#export-jsonl').click();
  const input = page.locator('.quick-input-widget input').first();
  const suggested = new RegExp(`^${machine.folder}/runs/[^/]+/rollouts-\\d+\\.jsonl$`);
  const file = await eventually('The suggested file', async () => suggested.exec(await input.inputValue())?.[0]);
  await page.keyboard.press('Enter');
  const [line] = (await written('The file', machine.near(file))).split('\n');
  assert.equal(typeof (JSON.parse(line) as { readonly reward: unknown }).reward, 'number');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}
