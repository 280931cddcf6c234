import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { NATIVE_FOLDER } from '../../src/base/environment.ts';
import type { BackendName, BackendReport, SelectedBackend } from '../../src/model/backend.ts';
import { recR1Json } from '../fixtures/command-line.ts';
import { type Row, STEPS, train } from '../fixtures/small-training.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { bindingFolder, skipWithoutBinding } from './binding-folder.ts';

interface Report {
  readonly backends: readonly BackendReport[];
  readonly chosen: SelectedBackend;
}

describe('rec-r1 with tfjs-node', { skip: skipWithoutBinding() }, () => {
  before(() => {
    process.env[NATIVE_FOLDER] = bindingFolder();
  });

  it('doctor says where the engine is, and does not take it by itself: the embedded one is faster', async () => {
    const [{ backends, chosen }] = (await recR1Json('doctor')) as Report[];
    const node = backends.find(({ name }) => name === 'node');
    assert.equal(node?.isAvailable, true, node?.description);
    assert.match(node.description, /^TensorFlow \d+\.\d+\.\d+ on the processor, from /);
    assert.ok(node.description.includes(bindingFolder()));
    assert.notEqual(chosen.name, 'node');
  });

  it('trains as the embedded engine begins to, with the same numbers for the same seed', async (test) => {
    const folder = temporaryFolder(test);
    const steps = async (name: string, backend: BackendName): Promise<Row[]> =>
      (await train(join(folder, name), { backend }))
        .slice(0, STEPS)
        .map(({ reward, loss, gradNorm }) => ({ reward, loss, gradNorm }));
    const [embedded, node, again] = [
      await steps('embedded', 'embedded'),
      await steps('node', 'node'),
      await steps('again', 'node'),
    ];
    assert.equal(node[0].reward, embedded[0].reward);
    const [expected, actual] = [Number(embedded[0].gradNorm), Number(node[0].gradNorm)];
    assert.ok(Math.abs(actual - expected) < 1e-3 * expected, `gradient norm ${actual} instead of ${expected}`);
    assert.deepEqual(again, node);
  });
});
