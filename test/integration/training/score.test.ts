/** @file `rec-r1 score --run` on a run that was really trained: the same reward again, and another one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Scoring } from '../../../src/app/score.ts';
import type { SignChanges } from '../../../src/app/sign-changes.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { recorded, STEPS, train } from '../../fixtures/small-training.ts';
import type { RolloutGroup } from '../../../src/runs/events.ts';

type Answer = Scoring & { readonly signChanges: SignChanges };

describe('rec-r1 score --run', () => {
  const run = join(mkdtempSync(join(tmpdir(), 'rec-r1-')), 'run');
  const score = async (...options: readonly string[]): Promise<Answer> =>
    (await recR1Json('score', '--run', run, ...options))[0] as Answer;

  before(() => train(run));
  after(() => {
    rmSync(dirname(run), { recursive: true, force: true });
  });

  it('finds with the run’s own settings what the run recorded', async () => {
    const { rows, groups, signChanges } = await score('--by', 'step');
    const rollouts = recorded(run)
      .flatMap(({ groups: found }) => (found ?? []) as RolloutGroup[])
      .flatMap(({ exampleId, rollouts: some }) => some.map(({ reward, rewrite }) => [exampleId, reward, rewrite]));
    assert.equal(rollouts.length, STEPS * 8);
    assert.deepEqual(rows.map(({ _id, reward, rewrite }) => [_id, reward, rewrite]), rollouts); // prettier-ignore
    assert.deepEqual(groups.map(({ name }) => name), ['1', '2', '3', '4']); // prettier-ignore
    const { reward, turned, lost, gained } = signChanges;
    assert.deepEqual([reward.after, turned, lost, gained], [reward.before, [], 0, 0]);
  });

  it('says which advantages another reward would have turned', async () => {
    // Paid by the word alone, what ranked best is seldom what is shortest.
    const { signChanges } = await score('--set', 'reward.ndcg=0', '--set', 'reward.length=1');
    assert.ok(signChanges.turned.length > 0);
    for (const { advantage } of signChanges.turned) assert.ok(advantage.before * advantage.after < 0);
    assert.ok(signChanges.reward.after < signChanges.reward.before);
    const { stdout } = await recR1('score', '--run', run, '--set', 'reward.ndcg=0', '--set', 'reward.length=1');
    assert.match(stdout, new RegExp(`${signChanges.turned.length} of ${STEPS * 8} advantages change their sign`));
  });

  it('brings its own task', async () => {
    const { status, stderr } = await recR1('score', '--run', run, '--task', 'sample');
    assert.equal(status, 1);
    assert.match(stderr, /--run brings its own task and answers; leave --task and --outputs out/);
  });
});
