import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1, recR1Json } from '../fixtures/command-line.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const SMALL = ['rollout.prompts=2', 'rollout.groupSize=4', 'evaluation.limit=4'].flatMap((set) => ['--set', set]);

describe('training on real data', () => {
  it('runs to its end on the purchase histories of Amazon Beauty', async (test) => {
    const task = sharedData(test, 'amazon-beauty');
    if (task === undefined) return;
    const run = join(temporaryFolder(test), 'run');
    const lines = await recR1Json('train', '--task', task, '--run', run, '--steps', '2', ...SMALL);
    assert.deepEqual(lines.at(-1), { run, checkpoint: 'step-000002' });
  });

  it('runs to its end on Cranfield after an import', async (test) => {
    const from = sharedData(test, 'cranfield');
    if (from === undefined) return;
    const folder = temporaryFolder(test);
    const [task, run] = [join(folder, 'task'), join(folder, 'run')];
    assert.equal((await recR1('import', '--from', from, '--out', task)).status, 0);
    const lines = await recR1Json('train', '--task', task, '--run', run, '--steps', '2', ...SMALL);
    assert.deepEqual(lines.at(-1), { run, checkpoint: 'step-000002' });
  });
});
