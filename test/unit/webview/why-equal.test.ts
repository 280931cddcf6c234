import assert from 'node:assert/strict';
import { it } from 'node:test';
import { whyEqual } from '../../../webview/why-equal.ts';
import { group, rollout } from '../../fixtures/run-events.ts';

const twice = (changes: Parameters<typeof rollout>[0], more: Parameters<typeof rollout>[0] = {}): string | null =>
  whyEqual(group({ rollouts: [rollout(changes), rollout({ rewrite: 'other words', ...changes, ...more })] }));

it('names the cause of equal rewards, and none where they differ', () => {
  assert.equal(twice({ format: 'tags', rewrite: null, reward: -2, terms: {} }), 'all-malformed');
  assert.equal(twice({ rewrite: 'the same' }), 'all-same');
  assert.equal(twice({ reward: 0, terms: { ndcg: 0 } }), 'all-miss');
  assert.equal(twice({ reward: 1.1, terms: { format: 0.1, ndcg: 1 } }), 'all-perfect');
  assert.equal(twice({ reward: null, error: 'timed out' }), 'all-failed');
  assert.equal(twice({}), 'all-equal');
  assert.equal(twice({}, { reward: 0.1 }), null);
  assert.equal(whyEqual(group({ rollouts: [rollout()] })), null, 'one rollout has no siblings');
});
