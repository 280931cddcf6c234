import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import type { RecordedEvent, RunInfo } from '../../../src/runs/records.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { recorded, type Row, settings, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const SIX = { steps: 6 };
const checkpointsIn = (runDir: string): string[] => readdirSync(join(runDir, 'checkpoints'));

function read(runDir: string): { readonly info: RunInfo; readonly events: readonly RecordedEvent[] } {
  const reader = openRunReader(runDir);
  try {
    return { info: reader.info(), events: reader.eventsAfter(0) };
  } finally {
    reader.close();
  }
}

describe('rec-r1 resume', () => {
  it('goes back to any checkpoint, keeps what it took back to be seen, and gives the same numbers again', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    await train(runDir, SIX);
    const whole = recorded(runDir);
    for (const [checkpoint, takenBack] of [
      ['step-000002', 4],
      ['step-000000', 6],
    ] as const) {
      const before = read(runDir).events.length;
      await recR1Json('resume', runDir, '--checkpoint', checkpoint);
      assert.deepEqual(recorded(runDir), whole, checkpoint);
      const steps = read(runDir).events.slice(0, before);
      assert.equal(steps.filter((event) => event.kind === 'step' && event.discarded).length >= takenBack, true);
      assert.deepEqual(checkpointsIn(runDir), ['step-000000', 'step-000002', 'step-000004', 'step-000006']);
    }
    const { status, stderr } = await recR1('resume', runDir, '--checkpoint', 'step-000003');
    assert.equal(status, 1);
    assert.match(stderr, /has no checkpoint "step-000003"; it has step-000000, step-000002/);
  });

  it('goes on from the newest checkpoint that is whole after one was torn, with the same numbers', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    await train(runDir, SIX);
    const whole = recorded(runDir);
    truncateSync(join(runDir, 'checkpoints', 'step-000006', 'model.safetensors'), 1000);
    await recR1Json('resume', runDir);
    assert.deepEqual(recorded(runDir), whole);
    const resumed = read(runDir)
      .events.filter((event) => event.kind === 'state' && event.state === 'running')
      .at(-1);
    assert.match(JSON.stringify(resumed), /step-000006 is damaged; going on from step-000004/);
  });

  it('gives the same numbers after kill -9 in the middle of a checkpoint, the first one too', async (test) => {
    const folder = temporaryFolder(test);
    const whole = join(folder, 'whole');
    await train(whole, SIX);
    const runDir = join(folder, 'killed');
    const cli = join(packageRoot(), 'dist/cli.mjs');
    const command = ['train', '--run', runDir, ...settings(SIX)];
    const torn = join(runDir, 'checkpoints', 'step-000002.tmp');
    const child = spawn(process.execPath, [cli, ...command], { stdio: 'ignore' });
    const closed = once(child, 'close');
    while (!existsSync(torn)) await sleep(1);
    child.kill('SIGKILL');
    await closed;
    assert.deepEqual(checkpointsIn(runDir), ['step-000000', 'step-000002.tmp'], 'it died while it wrote');
    await recR1Json('resume', runDir);
    assert.deepEqual(recorded(runDir), recorded(whole));
    assert.deepEqual(checkpointsIn(runDir), checkpointsIn(whole));
  });
});

describe('rec-r1 train --fork', () => {
  for (const [what, given] of [
    ['every weight', SIX],
    ['adapters', { ...SIX, 'lora.rank': 4, 'lora.dropout': 0.1 }],
  ] as const)
    it(`with nothing changed does what its parent did, also when it is resumed, training ${what}`, async (test) => {
      const folder = temporaryFolder(test);
      const parent = join(folder, 'parent');
      await train(parent, given);
      const after2 = recorded(parent).filter((row) => Number(row['step'] ?? 0) > 2);
      const fork = join(folder, 'fork');
      await recR1Json('train', '--fork', `${parent}:step-000002`, '--run', fork);
      const steps = (): Row[] => recorded(fork).filter((row) => 'step' in row);
      assert.deepEqual(steps(), after2);
      assert.deepEqual(read(fork).info.parent, { dir: parent, checkpoint: 'step-000002' });

      rmSync(parent, { recursive: true });
      await recR1Json('resume', fork, '--checkpoint', 'step-000002');
      assert.deepEqual(steps(), after2, 'without its parent');
    });

  it('takes other settings, keeps its lineage in the list of runs, and refuses other weights', async (test) => {
    const folder = temporaryFolder(test);
    const parent = join(folder, 'parent');
    await train(parent);
    const fork = join(folder, 'fork');
    const changed = ['--steps', '6', '--set', 'optimizer.learningRate=1e-4', '--set', 'grpo.variant=dapo'];
    const forked = await recR1('train', '--fork', parent, '--run', fork, '--fresh-optimizer', ...changed);
    assert.equal(forked.status, 0, forked.stderr);
    assert.match(
      forked.stdout,
      /Signs of reward hacking, mean of the first 1 and the last 1 steps:\n {2}rewrites with/,
    );
    const { info } = read(fork);
    const shown = ['rollout.prompts', 'optimizer.learningRate', 'grpo.variant', 'grpo.clipHigh', 'grpo.equalGroups'];
    assert.deepEqual(
      shown.map((name) => info.config[name]),
      [2, 1e-4, 'dapo', 0.28, 'resample'],
    );
    assert.equal(info.step, 6);
    const { stdout } = await recR1('runs', folder);
    assert.match(stdout, /fork {2}finished {2}step 6\/6 {2}\d checkpoints {2}forked from .*parent, step-000004/);

    for (const [args, message] of [
      [
        ['--set', 'lora.rank=4'],
        /lora\.rank is 0 in the parent and cannot change in a fork; start a new run with --model/,
      ],
      [[], /step-000004 of .*parent is step 4 of 4; give --steps with a larger number/],
    ] as const) {
      const { status, stderr } = await recR1('train', '--fork', parent, '--run', join(folder, 'other'), ...args);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(existsSync(join(folder, 'other')), false);
    }
  });
});
