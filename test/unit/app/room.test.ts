import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { PauseReason } from '../../../src/app/pause-gate.ts';
import { waitForRoom } from '../../../src/app/room.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

describe('waitForRoom', () => {
  before(() => selectBackend('embedded'));
  after(() => {
    tf.disposeVariables();
  });

  it('waits, saying how much is missing, until a checkpoint fits', async () => {
    const free = [1e6, 2e6, 900e6];
    const reasons: PauseReason[] = [];
    await waitForRoom(
      '/runs/a',
      tinyPolicy(),
      (reason) => {
        reasons.push(reason);
        return Promise.resolve();
      },
      () => Promise.resolve(free.shift()!),
    );
    assert.deepEqual(
      reasons.map(({ guard }) => guard),
      ['disk', 'disk'],
    );
    assert.match(
      reasons[0].message,
      /^The disk of \/runs\/a has 1 MB free and a checkpoint takes 51 MB; free some space/,
    );
  });
});
