import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { settings } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A copy of the starter one of whose weights is no number, as an overflow leaves it. */
function poisonedStarter(folder: string): string {
  const dir = join(folder, 'poisoned');
  cpSync(join(packageRoot(), 'media/starter'), dir, { recursive: true });
  const file = join(dir, 'model.safetensors');
  const bytes = readFileSync(file);
  const header = Number(bytes.readBigUInt64LE(0));
  const entries = JSON.parse(bytes.toString('utf8', 8, 8 + header)) as Record<string, { dtype: string; data_offsets: number[] }>; // prettier-ignore
  const { dtype, data_offsets: [start] } = entries['model.norm.weight']; // prettier-ignore
  const notANumber = { F32: [0, 0, 0xc0, 0x7f], BF16: [0xc0, 0x7f], F16: [0, 0x7e] }[dtype]!;
  bytes.set(notANumber, 8 + header + start);
  writeFileSync(file, bytes);
  return dir;
}

describe('a guard', () => {
  it('ends a training whose loss is no number, with a checkpoint without that update, the reason and the rollout', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const model = poisonedStarter(folder);
    const ended = await recR1('train', '--run', runDir, '--model', model, ...settings({ promptStyle: 'plain' }));
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, /Guard "not-finite" in step 1: The loss is NaN/);

    const reader = openRunReader(runDir);
    test.after(() => {
      reader.close();
    });
    const info = reader.info();
    assert.deepEqual([info.state, info.step], ['stopped', 1]);
    assert.match(info.message ?? '', /^The loss is NaN .* that update was left out/);
    const [guard] = reader.eventsAfter(0).flatMap((event) => (event.kind === 'guard' ? [event] : []));
    assert.ok(guard.rollout);
    assert.deepEqual([guard.guard, guard.step], ['not-finite', 1]);
    assert.ok(Number.isNaN(reader.groups(1)[guard.rollout.group].rollouts[guard.rollout.position].logProb));
    const weights = (step: number): Buffer =>
      readFileSync(join(runDir, 'checkpoints', `step-00000${step}`, 'model.safetensors'));
    assert.deepEqual(weights(1), weights(0), 'nothing of the update stays');
  });

  it('that is off lets the training go on, still without such updates', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const model = poisonedStarter(folder);
    const given = settings({ promptStyle: 'plain', 'guard.notFinite': 'off' });
    const lines = (await recR1Json('train', '--run', runDir, '--model', model, ...given)) as Record<string, unknown>[];
    assert.deepEqual(lines.slice(0, -1).map(({ skippedUpdates }) => skippedUpdates), [1, 1, 1, 1]); // prettier-ignore
  });
});
