/**
 * @file Installing a native engine with the real npm against a registry of this machine that fails: what a person is told, and
 * what is left. The installation that succeeds is in `test/native`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { createWorkerClient, type WorkerClient } from '../../../src/worker/client.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A registry that takes connections and never answers; closed, one that refuses them. */
async function silentRegistry(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function workerWith(test: TestContext, registry: string, nativeFolder: string): WorkerClient {
  const settings = { npm_config_registry: registry, npm_config_fetch_retries: '0', npm_config_cache: nativeFolder };
  const worker = createWorkerClient({
    // Settings of npm travel as keys do: the process's own variables would win, and it has none of these.
    runtime: () => ({
      script: join(packageRoot(), 'dist/worker.mjs'),
      workingDir: packageRoot(),
      keys: settings,
      nativeFolder: join(nativeFolder, 'native'),
    }),
    log: () => undefined,
  });
  test.after(() => {
    worker.dispose();
  });
  return worker;
}

describe('installing a native engine', { timeout: 60_000 }, () => {
  it('says in one sentence why npm failed, and leaves nothing', async (test) => {
    const folder = temporaryFolder(test);
    const { server, url } = await silentRegistry();
    server.close();
    await assert.rejects(workerWith(test, url, folder).ask('install-backend', { backend: 'webgpu' }), {
      name: 'UserError',
      message: /^The tensor engine "webgpu" could not be installed: .*ECONNREFUSED.*; check the network, .*\.$/,
    });
    assert.deepEqual(readdirSync(join(folder, 'native')), []);
  });

  it('ends npm when it is cancelled, and removes what it had begun and what a killed installation left', async (test) => {
    const folder = temporaryFolder(test);
    const native = join(folder, 'native');
    mkdirSync(join(native, 'webgpu.partial-999999999'), { recursive: true });
    const { server, url } = await silentRegistry();
    test.after(() => {
      server.close();
    });
    const controller = new AbortController();
    const asked = workerWith(test, url, folder).ask('install-backend', { backend: 'webgpu' }, controller.signal);
    const [socket] = (await once(server, 'connection')) as [Socket];
    assert.equal(readdirSync(native).length, 1, 'npm works in a folder of its own');
    const gone = Promise.allSettled([once(socket.resume(), 'close')]); // npm's end, by a close or a reset
    controller.abort();
    await assert.rejects(asked, { name: 'UserError', message: 'Cancelled.' });
    await gone;
    assert.deepEqual(readdirSync(native), []);
  });
});
