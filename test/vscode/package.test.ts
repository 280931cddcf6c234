/**
 * @file What `npm run package` makes: the right files, and an extension that VS Code installs and that trains.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { packageExtension, packagedFiles } from './package.ts';
import { number, runCommand, screenshot, webview } from './user.ts';
import { eventually, withEditor } from './with-editor.ts';

const MEBIBYTE = 2 ** 20;

describe('the package', () => {
  it('holds what runs and nothing that was only needed to make it', async () => {
    const files = await packagedFiles();
    const needed = [
      'package.json',
      'package.nls.json',
      'package.nls.de.json',
      'dist/README.md',
      'LICENSE',
      'dist/extension.cjs',
      'dist/webview.js',
      'dist/webview.css',
      'dist/playground.js',
      'dist/playground.css',
      'dist/cli.mjs',
      'dist/worker.mjs',
      'dist/thread.mjs',
      'dist/bm25-thread.mjs',
      'dist/reward-thread.mjs',
      'dist/statistics-thread.mjs',
      'dist/kernels/plain.wasm',
      'media/sample/corpus.jsonl',
      'media/starter/model.safetensors',
      'media/icon.png',
      'media/l10n/bundle.l10n.de.json',
      ...['recommender', 'run', 'regressions'].flatMap((of) => [
        `media/${of}.schema.json`,
        `media/${of}.schema.de.json`,
      ]),
    ];
    assert.deepEqual(
      needed.filter((file) => !files.includes(file)),
      [],
    );
    const allowed =
      /^(package(\.nls(\.\w+)?)?\.json|CHANGELOG\.md|LICENSE|media\/(?!screenshots\/).+|dist\/(README\.md|extension\.cjs|(webview|playground)\.(js|css)|(cli|worker|(\w+-)?thread)\.mjs|chunks\/[\w-]+\.mjs|kernels\/\w+\.wasm)|dist\/.+\.LEGAL\.txt)$/;
    assert.deepEqual(
      files.filter((file) => !allowed.test(file)),
      [],
    );
  });

  it(
    'installs in VS Code and takes the first step of its walkthrough, which trains',
    { timeout: 600_000 },
    async (context) => {
      const vsix = await packageExtension(join(temporaryFolder(context), 'rec-r1.vsix'));
      assert.ok(statSync(vsix).size < 12 * MEBIBYTE, `${statSync(vsix).size} bytes`);
      await withEditor('package', { extension: { kind: 'packaged', vsix } }, async ({ page }) => {
        await runCommand(page, 'Welcome: Open Walkthrough...');
        await page.locator('.quick-input-widget input').first().fill('Teach a model');
        await page
          .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Teach a model to rewrite' })
          .waitFor();
        await page.keyboard.press('Enter');
        const start = page.locator('.getting-started-step.expanded').getByRole('button', { name: 'Start Training' });
        await start.waitFor();
        await page.keyboard.press('Control+B'); // the step's picture needs the room
        await (await webview(page)).locator('svg').waitFor();
        await screenshot(page, 'package-walkthrough');
        await start.click();
        await page.locator('.tab.active', { hasText: /^\d{4}-\d\d-\d\d_/ }).waitFor(); // the run's panel
        const panel = await webview(page);
        await eventually('A reward in the panel', () => number(panel, '#reward'), 180_000);
        await screenshot(page, 'package');
        await runCommand(page, 'Rec-R1: Stop Training');
        await panel.getByText('Stopped', { exact: true }).waitFor({ timeout: 120_000 });
      });
    },
  );
});
