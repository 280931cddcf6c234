import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTROL_COMMANDS, readControl, requestControl } from '../../../src/runs/control.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('the newest wish counts, and nothing but the file is left', (t) => {
  const dir = temporaryFolder(t);
  for (const command of CONTROL_COMMANDS) {
    requestControl(dir, command);
    assert.equal(readControl(dir), command);
  }
  assert.deepEqual(readdirSync(dir), ['control.json']);
});

test('a run that nobody asked anything runs', (t) => {
  assert.equal(readControl(temporaryFolder(t)), 'run');
});

test('a file that is no request neither stops nor breaks a run', (t) => {
  const dir = temporaryFolder(t);
  for (const content of ['', '{', 'null', '[]', '7', '{"command":"explode"}', '{"command":"constructor"}']) {
    writeFileSync(join(dir, 'control.json'), content);
    assert.equal(readControl(dir), 'run', content);
  }
});
