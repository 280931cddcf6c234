import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recR1Json } from '../../fixtures/command-line.ts';
import { type Row, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('rec-r1 retention compares checkpoints with the start, beside their gain, and leaves what it found in the run', async (t) => {
  const runDir = join(temporaryFolder(t), 'run');
  await train(runDir);
  const small = ['--limit', '3', '--max-new-tokens', '8', '--samples', '2', '--shots', '1'];
  const [start, newest, gain] = (await recR1Json('retention', '--run', runDir, ...small)) as [Row, Row, Row];
  const named = (retention: Row): ReadonlyMap<unknown, Row> =>
    new Map((retention['probes'] as Row[]).map((probe) => [probe['name'], probe]));
  const names = ['surprise', 'instructions', 'choices', 'numbers', 'kl general', 'kl task'];
  for (const retention of [start, newest]) {
    assert.deepEqual([...named(retention).keys()], names);
    for (const [name, probe] of named(retention)) assert.equal((probe['values'] as unknown[]).length, 3, String(name));
  }
  assert.equal(named(start).get('kl task')!['mean'], 0);
  assert.ok((named(newest).get('kl task')!['mean'] as number) > 0);
  assert.equal(gain['policy'], 'step-000004');
  assert.ok(Math.abs((gain['meanB'] as number) - (gain['meanA'] as number) - (gain['difference'] as number)) < 1e-12);

  const file = join(runDir, 'retention', 'step-000004.json');
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Row;
  assert.deepEqual(recorded['probes'], newest['probes']);
});
