/**
 * @file `npm run vscode`, for people whose machine has no desktop.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { packageRoot } from '../../src/base/package-root.ts';

it('npm run vscode prints an address that shows VS Code, until Ctrl-C', { timeout: 180_000 }, async () => {
  const script = join(packageRoot(), 'test', 'vscode', 'serve.ts');
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const address = await printedAddress(createInterface({ input: child.stdout }));
    assert.equal(address.hostname, 'localhost');
    const page = await fetch(address);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /vscode-workbench-web-configuration/);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
    await assert.rejects(fetch(address), 'the server is gone');
  } finally {
    child.kill('SIGKILL');
  }
});

async function printedAddress(lines: AsyncIterable<string>): Promise<URL> {
  for await (const line of lines) {
    const address = /https?:\/\/\S+/.exec(line)?.[0];
    if (address !== undefined) return new URL(address);
  }
  throw new Error('It ended without an address.');
}
