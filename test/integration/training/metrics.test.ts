import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1Json } from '../../fixtures/command-line.ts';
import { type Row, settings } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('the metric files of a run', () => {
  it('have every step and evaluation once, also after the run went back, and are what rec-r1 metrics prints', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const [jsonl, board] = [join(folder, 'metrics.jsonl'), join(folder, 'board')];
    const sinks = ['--jsonl', jsonl, '--tensorboard', board, '--set', 'sink.names=trl'];
    await recR1Json('train', '--run', runDir, ...sinks, ...settings({}));
    const rows = (): Row[] => readFileSync(jsonl, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Row); // prettier-ignore
    const measured = (): unknown[] => rows().map((row) => [row['step'], row['reward'], row['eval_ndcg@10']]);
    const whole = measured();
    assert.deepEqual(
      whole.map((row) => (row as unknown[])[0]),
      [0, 1, 2, 2, 3, 4, 4],
    );
    const bytes = (): number => readdirSync(join(board, 'run')).reduce((sum, name) => sum + readFileSync(join(board, 'run', name)).length, 0); // prettier-ignore
    const before = bytes();

    await recR1Json('resume', runDir, '--checkpoint', 'step-000002');
    assert.deepEqual(measured(), whole);
    assert.equal(readdirSync(join(board, 'run')).length, 1);
    assert.ok(Math.abs(bytes() - before) < 100, 'one more record, that all begins again');

    const printed = (await recR1Json('metrics', runDir, '--names', 'trl')) as Row[];
    const timeless = (row: Row): Row => ({ ...row, time: null });
    assert.deepEqual(printed.slice(0, -1).map(timeless), rows().map(timeless)); // prettier-ignore
  });
});
