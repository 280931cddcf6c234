import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { readRetention, writeRetention } from '../../../src/runs/retention.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

it('probes of a checkpoint are read back until its weights change, and a damaged file counts as none', async (test) => {
  const run = temporaryFolder(test);
  const checkpoint = join(run, 'checkpoints', 'step-000010');
  mkdirSync(checkpoint, { recursive: true });
  const sums = join(checkpoint, 'checksums.json');
  writeFileSync(sums, 'one');
  assert.equal(readRetention(run, 'step-000010'), null);

  await writeRetention(run, { checkpoint: 'step-000010', at: 5, probes: [] });
  assert.equal(readRetention(run, 'step-000010')?.at, 5);
  writeFileSync(sums, 'another');
  assert.equal(readRetention(run, 'step-000010'), null);

  writeFileSync(sums, 'one');
  writeFileSync(join(run, 'retention', 'step-000010.json'), '{');
  assert.equal(readRetention(run, 'step-000010'), null);
});
