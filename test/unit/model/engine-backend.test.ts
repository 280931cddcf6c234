import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backendNames, listBackends, selectBackend } from '../../../src/model/backend.ts';

describe('selectBackend', () => {
  it('finds an engine on every machine when asked for auto, and says why that one', async () => {
    const selected = await selectBackend('auto');
    assert.ok(backendNames.includes(selected.name));
    assert.notEqual(selected.reason, '');
    assert.equal(tf.add(1, 2).dataSync()[0], 3);
  });

  it('names the missing package when an engine cannot be had', async () => {
    const absent = (await listBackends()).find((report) => report.name === 'webgpu')!;
    if (!absent.isAvailable) assert.match(absent.description, /webgpu/);
  });
});

describe('listBackends', () => {
  it('reports every engine, exactly one as the default, and leaves that one active', async () => {
    const reports = await listBackends();
    assert.deepEqual(
      reports.map((report) => report.name),
      [...backendNames],
    );
    assert.equal(reports.filter((report) => report.isDefault).length, 1);
    assert.equal(reports.find((report) => report.name === 'cpu')!.isAvailable, true);
    assert.ok(reports.every((report) => report.description.length > 0));
  });
});
