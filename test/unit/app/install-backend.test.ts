import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { INSTALLABLE, requirePlatform } from '../../../src/app/install-backend.ts';
import { explainNpm, findNpm } from '../../../src/app/npm.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('requirePlatform', () => {
  it('refuses a platform without a build, and names those that have one', () => {
    assert.throws(
      () => {
        requirePlatform('node-gpu', 'darwin-arm64');
      },
      {
        name: 'UserError',
        message: /"node-gpu" has no build for darwin-arm64, only for linux-x64, win32-x64; the embedded engine runs/,
      },
    );
    for (const engine of INSTALLABLE)
      assert.throws(
        () => {
          requirePlatform(engine, 'sunos-x64');
        },
        { name: 'UserError' },
      );
  });

  it('lets every engine pass on Linux and Windows for x64', () => {
    for (const engine of INSTALLABLE) {
      for (const platform of ['linux-x64', 'win32-x64']) requirePlatform(engine, platform);
    }
  });
});

describe('findNpm', () => {
  it('takes the npm beside the running Node before the one on the PATH, and says when there is none', (test) => {
    const folder = temporaryFolder(test);
    const name = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const [beside, onPath] = ['beside', 'on-path'].map((part) => join(folder, part));
    for (const dir of [beside, onPath]) mkdirSync(dir);
    const path = [join(folder, 'nowhere'), onPath].join(delimiter);
    const find = (): string => findNpm(path, join(beside, 'node'));
    assert.throws(find, { name: 'UserError', message: /No npm was found on the PATH; install Node\.js/ });
    writeFileSync(join(onPath, name), '');
    assert.equal(find(), join(onPath, name));
    writeFileSync(join(beside, name), '');
    assert.equal(find(), join(beside, name));
  });
});

describe('explainNpm', () => {
  it('finds the cause in what an install script left on the screen', () => {
    const lines = [
      '* Downloading libtensorflow',
      'node:events:505',
      "    throw er; // Unhandled 'error' event",
      '    ^',
      'Error: getaddrinfo ENOTFOUND storage.googleapis.com',
      '    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:123:26)',
      'npm error code 1',
      'npm error command sh -c node scripts/install.js',
    ];
    assert.equal(
      explainNpm(lines),
      'getaddrinfo ENOTFOUND storage.googleapis.com; check the network, and HTTPS_PROXY where there is a proxy',
    );
  });

  it('tells a full disk, a missing compiler and a missing version apart', () => {
    assert.match(explainNpm(['npm error code ENOSPC', 'npm error nospc no space left on device']), /make room/);
    assert.match(explainNpm(['gyp ERR! find Python', 'gyp ERR! not ok']), /needs Python and a C\+\+ compiler/);
    assert.equal(
      explainNpm(['npm error code ETARGET', 'npm error notarget No matching version found for webgpu@9.9.9']),
      'No matching version found for webgpu@9.9.9',
    );
  });

  it('repeats the first line where it knows no better', () => {
    assert.equal(explainNpm(['one', 'two']), 'one');
    assert.equal(explainNpm([]), 'npm said nothing');
  });
});
