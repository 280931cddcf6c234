import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pollControl, readControl, requestControl } from '../../../src/runs/control.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('each request is obeyed once, also when it repeats the one before', async (t) => {
  const dir = temporaryFolder(t);
  const poll = pollControl(dir);
  assert.equal(poll.next(), null);
  await requestControl(dir, 'pause');
  assert.equal(poll.next(), 'pause');
  assert.equal(poll.next(), null);
  await requestControl(dir, 'pause');
  assert.equal(poll.next(), 'pause');
});

test('the newest request wins', async (t) => {
  const dir = temporaryFolder(t);
  const poll = pollControl(dir);
  await requestControl(dir, 'pause');
  await requestControl(dir, 'stop');
  assert.equal(poll.next(), 'stop');
  assert.equal(poll.next(), null);
});

test('a request to an earlier process is not obeyed by the next one', async (t) => {
  const dir = temporaryFolder(t);
  await requestControl(dir, 'stop');
  const poll = pollControl(dir);
  assert.equal(poll.next(), null);
  await requestControl(dir, 'pause');
  assert.equal(poll.next(), 'pause');
});

test('a file that is no request is none', (t) => {
  const dir = temporaryFolder(t);
  for (const content of ['', '{', 'null', '[]', '{"command":"explode","id":"1"}', '{"command":"stop"}']) {
    writeFileSync(join(dir, 'control.json'), content);
    assert.equal(readControl(dir), null, content);
  }
});
