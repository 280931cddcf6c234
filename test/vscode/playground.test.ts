/**
 * @file The playground as a user tries it: a query, the lists of two checkpoints beside its own, another sample, a reload.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { trainTwoSteps } from './small-run.ts';
import { runCommand, screenshot, webview } from './user.ts';
import { withEditor } from './with-editor.ts';

/** What is used of an element; this project's Node code has no DOM types. */
interface Placed {
  getBoundingClientRect(): { readonly top: number };
}

const QUERY = 'something for my back when I sit all day';

it('a user types a query and sees what two checkpoints make of it', { timeout: 600_000 }, async () => {
  const extension = { kind: 'development', path: packageRoot() } as const;
  await withEditor('playground', { extension }, async ({ page }, folder) => {
    await trainTwoSteps(join(folder, 'runs', 'small'));
    await runCommand(page, 'Rec-R1: Try a Query');
    let panel = await webview(page);
    await panel.getByRole('heading', { name: 'step-000000' }).waitFor();
    await panel.getByRole('heading', { name: 'step-000002' }).waitFor();

    await panel.getByRole('button', { name: 'Add checkpoint…' }).click();
    await page.locator('.notification-toast', { hasText: 'No run in' }).waitFor(); // both are shown
    await panel.getByRole('button', { name: 'Remove step-000000 of small' }).click();
    await panel.getByRole('heading', { name: 'step-000000' }).waitFor({ state: 'detached' });
    await panel.getByRole('button', { name: 'Add checkpoint…' }).click();
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'step-000000' }).click();
    await panel.getByRole('heading', { name: 'step-000000' }).waitFor();

    const query = panel.getByRole('textbox', { name: 'Query' });
    await query.click();
    await page.keyboard.type(QUERY);
    await query.press('Enter');
    await panel.getByRole('status').getByText('The likeliest rewrites.').waitFor();
    for (const name of ['step-000000 of small', 'step-000002 of small']) {
      const column = panel.getByRole('region', { name });
      assert.notEqual((await column.locator('.rewrite').innerText()).trim(), '');
      assert.ok((await column.locator('.ranking li').count()) > 0, `${name} shows a list`);
    }
    const tops = await panel
      .locator('.column')
      .evaluateAll((columns: Placed[]) => columns.map((column) => column.getBoundingClientRect().top));
    assert.deepEqual([tops.length, new Set(tops).size], [3, 1], 'the lists stand side by side');
    const typed = panel.getByRole('region', { name: 'As typed' });
    assert.equal((await typed.locator('.rewrite').innerText()).trim(), QUERY);
    await screenshot(page, '10-playground');

    await panel.getByRole('button', { name: 'Another sample' }).click();
    await panel.getByRole('status').getByText('Sample 1.').waitFor();

    await Promise.all([page.waitForEvent('load'), runCommand(page, 'Developer: Reload Window')]);
    panel = await webview(page);
    await panel.getByRole('heading', { name: 'step-000002' }).waitFor();
    assert.equal(await panel.locator('#query').inputValue(), QUERY);
  });
});
