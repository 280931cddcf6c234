/**
 * @file Installing a native engine as a user does it, while the registry that npm asks is silent and then gone. The
 * installation that succeeds is in `test/native`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { it } from 'node:test';
import type { Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommand, screenshot } from './user.ts';
import { withEditor } from './with-editor.ts';

const INSTALL_MILLIS = 120_000;

it(
  'a native engine is installed with progress, can be cancelled, and a failure is one sentence',
  { timeout: 600_000 },
  async (test) => {
    const registry = createServer().listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const { port } = registry.address() as AddressInfo;
    const before = { ...process.env };
    Object.assign(process.env, { npm_config_registry: `http://127.0.0.1:${port}`, npm_config_fetch_retries: '0' });
    test.after(() => {
      process.env = before;
      registry.close();
    });
    const extension = { kind: 'development', path: packageRoot() } as const;
    await withEditor('install-backend', { extension, provokes: /could not be installed/ }, async ({ page }) => {
      await runCommand(page, 'Rec-R1: Install Native Backend');
      const asked = once(registry, 'connection');
      await chooseWebGpu(page);
      const progress = page.locator('.notification-toast', { hasText: 'Installing WebGPU' });
      await progress.waitFor({ timeout: INSTALL_MILLIS });
      await asked;
      await screenshot(page, '11-installing-an-engine');
      await progress.getByRole('button', { name: 'Cancel' }).click();
      await progress.waitFor({ state: 'detached', timeout: INSTALL_MILLIS });

      registry.close();
      await runCommand(page, 'Rec-R1: Install Native Backend');
      await chooseWebGpu(page);
      const refusal = page.locator('.notification-toast', { hasText: 'could not be installed' });
      await refusal.waitFor({ timeout: INSTALL_MILLIS });
      await refusal.getByRole('button', { name: 'Expand Notification' }).click();
      await screenshot(page, '11-engine-not-installed');
      const text = (await refusal.locator('.notification-list-item-message').textContent()) ?? '';
      assert.match(text, /^The tensor engine "webgpu" could not be installed: .*; check the network/);
    });
  },
);

async function chooseWebGpu(page: Page): Promise<void> {
  const widget = page.locator('.quick-input-widget');
  await widget.getByText('Install which engine?').waitFor();
  await widget.locator('input').first().fill('WebGPU');
  await widget.locator('.monaco-list-row.focused', { hasText: 'WebGPU' }).waitFor();
  await page.keyboard.press('Enter');
}
