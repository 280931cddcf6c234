import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bestPairs, joinedByExample, preferencePairs } from '../../../src/rl/pairs.ts';
import type { Rollout, RolloutGroup } from '../../../src/runs/events.ts';

function rollout(text: string, reward: number | null, ndcg: number, more: Partial<Rollout> = {}): Rollout {
  const terms = { format: 0.1, ndcg };
  return { text, rewrite: text, format: 'ok', reward, terms, advantage: 0, tokens: 5, logProb: -1, top: [], ...more };
}

const malformed = (text: string): Rollout => rollout(text, -2, 0, { format: 'tags', rewrite: null });

function group(exampleId: string, raw: number | null, ...rollouts: Rollout[]): RolloutGroup {
  return { exampleId, query: `query ${exampleId}`, baseline: { ndcg: raw, top: [] }, rollouts };
}

const texts = (groups: readonly RolloutGroup[]): string[][] =>
  groups.map(({ rollouts }) => rollouts.map(({ text }) => text));
const RULE = { minNdcg: 0, minGain: 0 };

describe('bestPairs', () => {
  it('takes the best rewrite of a query where it beats the raw query', () => {
    const groups = [
      group('a', 0.3, rollout('fair', 0.5, 0.4), rollout('good', 0.9, 0.8), malformed('broken')),
      group('b', 0.8, rollout('worse than typed', 0.6, 0.5)),
      group('c', 0.5, rollout('as good as typed', 0.6, 0.5)),
    ];
    assert.deepEqual(texts(bestPairs(groups, RULE)), [['good']]);
    assert.equal(bestPairs(groups, RULE)[0].rollouts[0].advantage, 1);
  });

  it('may ask for more, or for less than the raw query', () => {
    const groups = [group('a', 0.3, rollout('good', 0.9, 0.8)), group('b', 0.8, rollout('worse', 0.6, 0.5))];
    assert.deepEqual(texts(bestPairs(groups, { minNdcg: 0, minGain: -1 })), [['good'], ['worse']]);
    assert.deepEqual(texts(bestPairs(groups, { minNdcg: 0.6, minGain: -1 })), [['good']]);
    assert.deepEqual(texts(bestPairs(groups, { minNdcg: 0, minGain: 0.6 })), []);
  });

  it('takes the shortest of equals, never a failed search, and a raw query that failed for one that found nothing', () => {
    const groups = [
      group(
        'a',
        null,
        rollout('long', 0.9, 0.8, { tokens: 9 }),
        rollout('short', 0.9, 0.8),
        rollout('failed', null, 0),
      ),
    ];
    assert.deepEqual(texts(bestPairs(groups, RULE)), [['short']]);
  });
});

describe('preferencePairs', () => {
  it('sets the best answer against the worst, which may be malformed', () => {
    const groups = [group('a', 0.3, rollout('fair', 0.5, 0.4), malformed('broken'), rollout('good', 0.9, 0.8))];
    const [pair] = preferencePairs(groups, RULE);
    assert.deepEqual(texts([pair]), [['good', 'broken']]);
    assert.deepEqual(
      pair.rollouts.map(({ advantage }) => advantage),
      [1, -1],
    );
  });

  it('has none where all answers are worth the same', () => {
    assert.deepEqual(preferencePairs([group('a', 0, rollout('one', 0.9, 0.8), rollout('other', 0.9, 0.8))], RULE), []);
  });
});

describe('joinedByExample', () => {
  it('makes one group of all rewrites of a query', () => {
    const groups = [
      group('a', 0.3, rollout('1', 0.5, 0.4)),
      group('b', 0, rollout('2', 0, 0)),
      group('a', 0.3, rollout('3', 0.9, 0.8)),
    ];
    assert.deepEqual(texts(joinedByExample(groups)), [['1', '3'], ['2']]);
  });
});
