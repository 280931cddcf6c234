import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCompletion } from '../../../src/data/answer.ts';
import { EMPTY_RANKING } from '../../../src/retrieval/judged.ts';
import { alarmOf, firstOffender, type GuardSettings, type WatchedMetrics } from '../../../src/rl/guards.ts';
import type { ScoredGroup } from '../../../src/rl/scored-groups.ts';
import { stepMetrics } from '../../fixtures/run-events.ts';

const SETTINGS: GuardSettings = { notFinite: true, entropy: 0.1, malformed: 0.5, clipped: 0.5, patience: 3 };

/** A history of steps that differ in one metric. */
const steps = (name: keyof WatchedMetrics, values: readonly number[]): WatchedMetrics[] =>
  values.map((value) => ({ ...stepMetrics(1), [name]: value }));
const guardOf = (history: readonly WatchedMetrics[], changes: Partial<GuardSettings> = {}): string | undefined =>
  alarmOf(history, { ...SETTINGS, ...changes })?.guard;

describe('alarmOf', () => {
  it('rings at once for an update that was left out, unless told not to', () => {
    const history = [stepMetrics(1), { ...stepMetrics(2), loss: NaN, gradNorm: Infinity, skippedUpdates: 1 }];
    const alarm = alarmOf(history, SETTINGS);
    assert.equal(alarm?.guard, 'not-finite');
    assert.match(alarm.message, /^The loss is NaN and the norm of its gradient Infinity; that update was left out/);
    assert.equal(guardOf(history, { notFinite: false }), undefined);
  });

  it('rings when the entropy stays below its share of the first steps, and not for a dip', () => {
    const start = [1, 1.2, 0.8]; // mean 1, so the limit is 0.1
    assert.equal(guardOf(steps('entropy', [...start, 0.5, 0.09, 0.08, 0.09])), 'entropy');
    assert.equal(guardOf(steps('entropy', [...start, 0.09, 0.11, 0.09])), undefined);
    assert.equal(guardOf(steps('entropy', [...start, 0.09, 0.09])), undefined);
    assert.equal(guardOf(steps('entropy', [...start, 0.01, 0.01, 0.01]), { entropy: 0 }), undefined);
  });

  it('does not take a step that learnt nothing for one without entropy', () => {
    assert.equal(guardOf(steps('entropy', [1, 1, 1, 0, 0, 0, 0])), undefined);
    assert.equal(guardOf(steps('entropy', [1, 1, 1, 0.09, 0, 0.09, 0, 0.09])), 'entropy');
  });

  it('measures malformed answers against the best that the run had, so that a model may learn the format first', () => {
    const learning = [0, 0.1, 0.3, 0.6, 0.9, 0.9, 0.9]; // share in the right format
    assert.equal(guardOf(steps('formatOk', learning)), undefined);
    assert.equal(guardOf(steps('formatOk', [...learning, 0.3, 0.39, 0.2])), 'malformed');
    assert.equal(guardOf(steps('formatOk', [...learning, 0.3, 0.41, 0.2])), undefined);
    assert.equal(guardOf(steps('formatOk', [0.3, 0.3, 0.3, 0, 0, 0])), undefined, 'a rise of 0.3');
  });

  it('does the same for answers that the token limit cuts', () => {
    assert.equal(guardOf(steps('truncated', [0.2, 0.2, 0.2, 0.71, 0.8, 0.9])), 'clipped');
    assert.equal(guardOf(steps('truncated', [0.2, 0.2, 0.2, 0.69, 0.8, 0.9])), undefined);
    assert.equal(guardOf(steps('truncated', [0.2, 0.2, 0.2, 0.71, 0.8, 0.9]), { clipped: 0 }), undefined);
    assert.equal(guardOf([]), undefined);
  });
});

describe('firstOffender', () => {
  const texts = [
    ['</think><answer>{"query": "a"}</answer>', '</think><answer>{"query": "b"}</answer>'],
    ['no tags', 'no tags', '</think><answer>{"query": "c"}'],
  ];
  const groups = texts.map((group, g): ScoredGroup => ({
    example: { id: `q${g}`, query: '', relevant: new Map() },
    promptIds: [],
    promptCut: false,
    completions: group.map((text) => ({
      text,
      tokens: [1],
      logProbs: [0],
      samplingLogProbs: [0],
      ended: text.endsWith('</answer>') || text === 'no tags',
    })),
    scored: group.map((text) => ({ parsed: parseCompletion(text, {}), reward: 0, terms: {}, ranking: EMPTY_RANKING })),
  }));

  it('points to the first rollout that shows it, or to none', () => {
    assert.deepEqual(firstOffender('malformed', groups), { group: 1, position: 0 });
    assert.deepEqual(firstOffender('entropy', groups), { group: 1, position: 0 });
    assert.deepEqual(firstOffender('clipped', groups), { group: 1, position: 2 });
    assert.equal(firstOffender('clipped', groups.slice(0, 1)), undefined);
  });
});
