/**
 * @file An installation that succeeds: npm's packages, and the package's own install script, which fetches from a server of this
 * machine what it would from its makers', the library and the binding of `provision.ts`. The packages come out of npm's
 * cache, where provisioning left them.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NATIVE_FOLDER } from '../../src/base/environment.ts';
import { recR1Json } from '../fixtures/command-line.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { bindingFolder, skipWithoutBinding } from './binding-folder.ts';

const installed = join(bindingFolder(), 'node/node_modules/@tensorflow/tfjs-node');

/** What the makers' archives hold: `lib/*` to be unpacked into deps, `napi-v8/*` into lib. */
const ARCHIVES: Readonly<Record<string, readonly [dir: string, entry: string]>> = {
  '/tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz': [join(installed, 'deps'), 'lib'],
  '/napi-v8/4.22.0/CPU-linux-4.22.0.tar.gz': [join(installed, 'lib'), 'napi-v8'],
};

async function makersServer(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const archive = ARCHIVES[request.url ?? ''] as (typeof ARCHIVES)[string] | undefined;
    if (!archive) {
      response.writeHead(404).end();
      return;
    }
    spawn('tar', ['-cf', '-', '-C', ...archive], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('rec-r1 install-backend', { skip: skipWithoutBinding(), timeout: 300_000 }, () => {
  it('installs tfjs-node whole, starts it, and doctor finds it there', async (test) => {
    const folder = temporaryFolder(test);
    const { server, url } = await makersServer();
    test.after(() => {
      server.close();
    });
    Object.assign(process.env, {
      [NATIVE_FOLDER]: folder,
      CDN_STORAGE: `${url}/`,
      npm_config_tfjs_binding_binary_host_mirror: url,
      npm_config_prefer_offline: 'true',
    });
    const [{ dir, description }] = (await recR1Json('install-backend', 'node')) as Record<string, string>[];
    assert.equal(dir, join(folder, 'node'));
    assert.match(description, /^TensorFlow \d+\.\d+\.\d+ on the processor, from /);
    assert.deepEqual(readdirSync(folder), ['node']);
    assert.ok(existsSync(join(dir, 'node_modules/@tensorflow/tfjs-node/deps/lib')));
    const [{ backends }] = (await recR1Json('doctor')) as { backends: { name: string; description: string }[] }[];
    assert.equal(backends.find(({ name }) => name === 'node')?.description, description);
  });
});
