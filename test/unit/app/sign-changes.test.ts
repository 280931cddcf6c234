import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScoredRow } from '../../../src/app/score.ts';
import { type SignChanges, signChanges } from '../../../src/app/sign-changes.ts';
import type { TrainedAnswer } from '../../../src/data/rollouts.ts';

const GRPO = { before: 'grpo', after: 'grpo' } as const;
const row = (reward: number | null, trained?: TrainedAnswer): ScoredRow => ({
  _id: 'q1',
  rewrite: `${reward}`,
  format: 'ok',
  reward,
  metrics: {},
  ...(trained && { trained }),
});
const rows = (
  group: string,
  ...changes: readonly (readonly [before: number | null, after: number | null])[]
): ScoredRow[] => changes.map(([before, after]) => row(after, { group, reward: before }));

function changesOf(given: readonly ScoredRow[], kind: Parameters<typeof signChanges>[1] = GRPO): SignChanges {
  const changes = signChanges(given, kind);
  assert.ok(changes);
  return changes;
}

describe('signChanges', () => {
  it('finds the answers that were better than their siblings and would be worse, the largest change first', () => {
    // Means before: 1 of 0, 1, 2; after: 4/3 of 4, 0, 0. Deviations 1 and 4/√3.
    const changes = changesOf(rows('a', [0, 4], [1, 0], [2, 0]));
    assert.deepEqual(changes.turned.map(({ reward }) => reward), [{ before: 0, after: 4 }, { before: 2, after: 0 }]); // prettier-ignore
    const [first] = changes.turned;
    assert.ok(Math.abs(first.advantage.before + 1) < 1e-5);
    assert.ok(Math.abs(first.advantage.after - (8 / 3) / (4 / Math.sqrt(3))) < 1e-5); // prettier-ignore
    assert.deepEqual([changes.answers, changes.groups, changes.reward], [3, 1, { before: 1, after: 4 / 3 }]);
  });

  it('counts groups that lose and gain their signal', () => {
    const changes = changesOf([...rows('a', [0, 1], [1, 1]), ...rows('b', [1, 0], [1, 1]), ...rows('c', [0, 0], [1, 2])]); // prettier-ignore
    assert.deepEqual([changes.lost, changes.gained, changes.turned.length], [1, 1, 0]);
  });

  it('leaves failed searches out of means and of every comparison', () => {
    const changes = changesOf(rows('a', [null, 1], [0, 2], [1, null]));
    assert.deepEqual(changes.reward, { before: 0.5, after: 1.5 });
    assert.deepEqual(changes.turned.map(({ rewrite }) => rewrite), ['2']); // prettier-ignore
  });

  it('takes a stored advantage where the reward is not known, rounding aside', () => {
    const trained = (advantage: number): TrainedAnswer => ({ group: 'a', advantage });
    const changes = changesOf([row(0, trained(0.5)), row(1, trained(1e-9)), row(1, trained(-0.5))]);
    assert.deepEqual(changes.turned.map(({ advantage }) => advantage.before), [0.5, -0.5]); // prettier-ignore
    assert.ok(Number.isNaN(changes.reward.before));
  });

  it('has nothing to say of answers without siblings', () => {
    assert.equal(signChanges([row(1), row(0), ...rows('a', [0, 1])], GRPO), undefined);
  });

  it('compares with the others in each way of comparing', () => {
    const changes = changesOf(rows('a', [0, 1], [1, 0]), { before: 'grpo', after: 'rloo' });
    assert.deepEqual(changes.turned.map(({ advantage }) => advantage.after).sort(), [-1, 1]); // prettier-ignore
  });
});
