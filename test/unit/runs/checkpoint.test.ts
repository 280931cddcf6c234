import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createAdamW } from '../../../src/model/adamw.ts';
import { selectBackend } from '../../../src/model/backend.ts';
import { findCheckpoint, findResumable, loadOptimizer, saveCheckpoint } from '../../../src/runs/checkpoint.ts';
import { linkCheckpoint } from '../../../src/runs/link-checkpoint.ts';
import { keepCheckpoints, removeCheckpointsAfter } from '../../../src/runs/keep.ts';
import { createRun, openRunWriter } from '../../../src/runs/store.ts';
import { evaluation } from '../../fixtures/run-events.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { tinyPolicy } from '../../fixtures/tiny-policy.ts';

before(() => selectBackend('embedded'));
after(() => {
  tf.disposeVariables();
});

/** A run with a checkpoint for each step, and its NDCG on the validation split where one is given. */
async function runWith(test: TestContext, steps: Readonly<Record<number, number | null>>): Promise<string> {
  const dir = join(temporaryFolder(test), 'run');
  createRun(dir, { name: 'run', config: {}, taskName: 't', taskDir: '/t', totalSteps: 9, startedAt: 0 });
  const writer = openRunWriter(dir);
  const policy = tinyPolicy();
  const optimizer = createAdamW([...policy.parameters.values()]);
  for (const [step, ndcg] of Object.entries(steps)) {
    if (ndcg !== null) {
      const metrics = { 'ndcg@10': ndcg, 'recall@10': 1 };
      writer.append({ kind: 'evaluation', evaluation: evaluation(Number(step), { metrics }) });
    }
    await saveCheckpoint(dir, Number(step), policy, optimizer);
  }
  writer.close();
  return dir;
}

const stepsOf = (runDir: string): number[] =>
  readdirSync(join(runDir, 'checkpoints')).map((name) => Number(name.replace('step-', '')));
const at = (runDir: string, step: number, file: string): string =>
  join(runDir, 'checkpoints', `step-00000${step}`, file);

describe('a checkpoint', () => {
  it('gives the optimizer back as it was saved, and the step', async (test) => {
    const dir = join(temporaryFolder(test), 'run');
    const policy = tinyPolicy();
    const optimizer = createAdamW([...policy.parameters.values()]);
    for (const [i, moment] of [...optimizer.first, ...optimizer.second].entries()) {
      moment.assign(tf.fill(moment.shape, i / 7));
    }
    optimizer.steps = 5;
    await saveCheckpoint(dir, 3, policy, optimizer);
    const found = await findCheckpoint(dir, undefined, 'training');
    const loaded = await loadOptimizer(found.dir, policy);
    assert.equal(loaded.step, 3);
    assert.equal(loaded.optimizer.steps, 5);
    const numbers = (of: typeof optimizer): number[][] =>
      [...of.first, ...of.second].map((moment) => [...moment.dataSync()]);
    assert.deepEqual(numbers(loaded.optimizer), numbers(optimizer));
  });

  const damages: readonly (readonly [string, (runDir: string) => void, RegExp])[] = [
    [
      'a flipped bit',
      (run) => {
        const bytes = readFileSync(at(run, 4, 'model.safetensors'));
        bytes[bytes.length - 1] ^= 1;
        writeFileSync(at(run, 4, 'model.safetensors'), bytes);
      },
      /model.safetensors is not as it was written/,
    ],
    [
      'a file cut short',
      (run) => {
        writeFileSync(at(run, 4, 'optimizer.safetensors'), 'short');
      },
      /optimizer.safetensors is not as it was written/,
    ],
    [
      'a missing file',
      (run) => {
        rmSync(at(run, 4, 'config.json'));
      },
      /config.json is missing/,
    ],
    [
      'checksums that are no JSON',
      (run) => {
        writeFileSync(at(run, 4, 'checksums.json'), '{');
      },
      /it has no sound checksums.json/,
    ],
  ];
  for (const [what, damage, message] of damages) {
    it(`with ${what} is named in one sentence, with the newest whole one before it`, async (test) => {
      const run = await runWith(test, { 0: null, 2: null, 4: null });
      damage(run);
      const refusal = (error: Error): boolean => {
        assert.equal(error.name, 'UserError');
        assert.match(error.message, message);
        assert.match(error.message, /step-000002 is whole: choose that one\.$/);
        return true;
      };
      await assert.rejects(findCheckpoint(run, undefined, 'training'), refusal);
      rmSync(join(run, 'checkpoints', 'step-000004'), { recursive: true });
      assert.equal((await findCheckpoint(run, undefined, 'training')).name, 'step-000002');
    });
  }

  it('is passed over, with a note, when training goes on and no other is named', async (test) => {
    const run = await runWith(test, { 0: null, 2: null, 4: null });
    assert.deepEqual((await findResumable(run)).name, 'step-000004');
    writeFileSync(at(run, 4, 'optimizer.safetensors'), 'torn');
    const found = await findResumable(run);
    assert.deepEqual([found.name, found.note], [
      'step-000002',
      'step-000004 is damaged; going on from step-000002, the newest that is whole.',
    ]); // prettier-ignore
    assert.equal((await findResumable(run, 'step-000000')).note, undefined);
    await assert.rejects(findResumable(run, 'step-000004'), /is damaged/);
    await assert.rejects(findResumable(run, 'step-000003'), /has no checkpoint "step-000003"/);
  });

  it('can be used as a model when only the optimizer is damaged', async (test) => {
    const run = await runWith(test, { 0: null });
    writeFileSync(at(run, 0, 'optimizer.safetensors'), 'short');
    assert.equal((await findCheckpoint(run)).name, 'step-000000');
    await assert.rejects(findCheckpoint(run, undefined, 'training'), /no older one is whole, so start a new run/);
  });
});

describe('linkCheckpoint', () => {
  it('makes the same whole checkpoint in another run, which stays when the first is removed', async (test) => {
    const run = await runWith(test, { 0: null });
    const other = join(temporaryFolder(test), 'other');
    await linkCheckpoint(run, other, 'step-000000');
    rmSync(run, { recursive: true });
    assert.equal((await findCheckpoint(other, undefined, 'training')).name, 'step-000000');
    assert.deepEqual(readdirSync(join(other, 'checkpoints')), ['step-000000']);
  });
});

describe('removeCheckpointsAfter', () => {
  it('leaves those up to the step', async (test) => {
    const run = await runWith(test, { 0: null, 2: null, 4: null, 6: null });
    await removeCheckpointsAfter(run, 3);
    assert.deepEqual(stepsOf(run), [0, 2]);
  });
});

describe('keepCheckpoints', () => {
  const steps = { 0: 0.1, 2: 0.6, 4: 0.3, 6: 0.2, 8: null };

  it('keeps the first, the last n and the best by the recorded validation', async (test) => {
    const run = await runWith(test, steps);
    await keepCheckpoints(run, 1);
    assert.deepEqual(stepsOf(run), [0, 2, 8]);
    const other = await runWith(test, steps);
    await keepCheckpoints(other, 3);
    assert.deepEqual(stepsOf(other), [0, 2, 4, 6, 8]);
  });

  it('keeps all of them for 0, and removes what a dead process left', async (test) => {
    const run = await runWith(test, steps);
    mkdirSync(join(run, 'checkpoints', 'step-000009.tmp'));
    await keepCheckpoints(run, 0);
    assert.deepEqual(stepsOf(run), [0, 2, 4, 6, 8]);
  });

  it('does not count an evaluation that was taken back, or one of another split', async (test) => {
    const run = await runWith(test, { 0: 0.1, 2: 0.2, 4: null, 6: null });
    const writer = openRunWriter(run);
    writer.append({ kind: 'evaluation', evaluation: evaluation(4, { metrics: { 'ndcg@10': 0.9 } }) });
    writer.discardAfter(2);
    const split = { split: 'test', metrics: { 'ndcg@10': 0.9 } } as const;
    writer.append({ kind: 'evaluation', evaluation: evaluation(4, split) });
    writer.close();
    await keepCheckpoints(run, 1);
    assert.deepEqual(stepsOf(run), [0, 2, 6]);
  });
});
