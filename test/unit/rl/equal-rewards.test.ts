import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completionOf, parseCompletion } from '../../../src/data/answer.ts';
import { EMPTY_RANKING } from '../../../src/retrieval/judged.ts';
import { equalCause, hasSignal } from '../../../src/rl/equal-rewards.ts';
import type { ScoredRewrite } from '../../../src/rl/reward.ts';
import { group, rollout } from '../../fixtures/run-events.ts';
import { whyEqual } from '../../../webview/why-equal.ts';

const rewrite = (words: string | null, reward: number | null, terms: Record<string, number>): ScoredRewrite => ({
  parsed: parseCompletion(words === null ? 'no tags' : completionOf('', words), {}),
  reward,
  terms,
  ranking: EMPTY_RANKING,
});

const CASES: readonly (readonly [ReturnType<typeof equalCause>, string | null, readonly ScoredRewrite[]])[] = [
  ['failed', 'all-failed', [rewrite('a', null, {}), rewrite('b', null, {})]],
  ['malformed', 'all-malformed', [rewrite(null, -2, { format: -2 }), rewrite(null, -2, { format: -2 })]],
  ['same', 'all-same', [rewrite('a', 0.6, { ndcg: 0.5 }), rewrite('a', 0.6, { ndcg: 0.5 })]],
  ['missed', 'all-miss', [rewrite('a', 0, { ndcg: 0 }), rewrite('b', 0, { ndcg: 0 })]],
  ['right', 'all-perfect', [rewrite('a', 1.1, { ndcg: 1 }), rewrite('b', 1.1, { ndcg: 1 })]],
  ['equal', 'all-equal', [rewrite('a', 0.6, { ndcg: 0.5 }), rewrite('b', 0.6, { ndcg: 0.5 })]],
  [null, null, [rewrite('a', 0.6, { ndcg: 0.5 }), rewrite('b', 0.7, { ndcg: 0.6 })]],
  [null, null, [rewrite('a', 0.6, { ndcg: 0.5 })]],
];

describe('equalCause', () => {
  it('names the cause of equal rewards, the one that the panel shows', () => {
    for (const [cause, shown, rewrites] of CASES) {
      assert.equal(equalCause(rewrites), cause);
      const rollouts = rewrites.map(({ parsed, reward, terms }) => rollout({ ...parsed, reward, terms }));
      assert.equal(whyEqual(group({ rollouts })), shown);
    }
  });
});

describe('hasSignal', () => {
  it('needs two different rewards, and a failed search has none', () => {
    assert.equal(hasSignal([rewrite('a', 0.6, {}), rewrite('b', 0.7, {})]), true);
    assert.equal(hasSignal([rewrite('a', 0.6, {}), rewrite('b', null, {}), rewrite('c', 0.6, {})]), false);
    assert.equal(hasSignal([]), false);
  });
});
