import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';
import { openEditor, type EditorOptions } from './editor.ts';
import { packageExtension } from './package.ts';
import { runCommand, screenshot, webview } from './user.ts';

const probe = join(packageRoot(), 'test', 'fixtures', 'probe');

async function tryProbe(extension: EditorOptions['extension'], picture: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'w-'));
  await writeFile(join(folder, 'a.txt'), 'hello\n');
  const editor = await openEditor({ folder, extension });
  try {
    await runCommand(editor.page, 'Probe: Open Panel');
    const panel = await webview(editor.page);
    await panel.locator('#b').click();
    await panel.getByText('1', { exact: true }).waitFor();
    console.log(await screenshot(editor.page, picture));
    assert.deepEqual(editor.errors(), []);
    assert.deepEqual(editor.externalRequests(), []);
    assert.ok(editor.processes().length >= 2);
  } finally {
    await editor.close();
  }
  assert.deepEqual(editor.processes(), []);
}

it('a probe under development runs in a real window', { timeout: 120_000 }, async () => {
  await tryProbe({ kind: 'development', path: probe }, 'probe-development');
});

it('a packaged probe runs in a real window', { timeout: 120_000 }, async () => {
  const vsix = await packageExtension(join(await mkdtemp(join(tmpdir(), 'p-')), 'probe.vsix'), probe);
  await tryProbe({ kind: 'packaged', vsix }, 'probe-packaged');
});
