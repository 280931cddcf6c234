import assert from 'node:assert/strict';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1 } from '../../fixtures/command-line.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { withEnvironment } from '../../fixtures/with-environment.ts';

describe('compiled code', () => {
  it('is kept in the cache folder', async (test) => {
    const cache = join(temporaryFolder(test), 'cache');
    withEnvironment(test, 'REC_R1_CACHE', cache);
    assert.equal((await recR1('search', '--help')).status, 0);
    assert.ok(globSync('compiled/*/*', { cwd: cache }).length > 5);
  });

  it('is done without where it cannot be kept', async (test) => {
    const cache = join(temporaryFolder(test), 'file');
    writeFileSync(cache, '');
    withEnvironment(test, 'REC_R1_CACHE', cache);
    const { status, stderr } = await recR1('search', '--help');
    assert.deepEqual([status, stderr], [0, '']);
  });
});
