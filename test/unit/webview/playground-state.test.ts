import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RewriteAnswer } from '../../../webview/playground-protocol.ts';
import {
  asTyped,
  initialPlayground,
  type PlaygroundAction,
  type PlaygroundState,
  reducePlayground,
  replyOf,
} from '../../../webview/playground-state.ts';
import type { ToPlayground } from '../../../webview/playground-protocol.ts';

const START = { runDir: '/runs/a', checkpoint: 'step-000000', run: 'a', task: 'shop' };
const NEWEST = { ...START, checkpoint: 'step-000010' };
const answer: RewriteAnswer = {
  query: 'sore back',
  rewrite: 'lumbar cushion',
  format: 'ok',
  completion: '</think>…',
  hits: [{ id: '1', score: 2, title: 'Lumbar cushion' }],
  baselineHits: [],
};

function after(...messages: readonly (ToPlayground | PlaygroundAction)[]): PlaygroundState {
  return messages.reduce(reducePlayground, initialPlayground);
}

const shown = { kind: 'policies', policies: [START, NEWEST] } as const;
const asked = (id: number): PlaygroundAction => ({ kind: 'asked', asked: { id, query: 'sore back', sample: null } });

describe('the playground', () => {
  it('waits for every checkpoint once a query is sent off, and for none before', () => {
    assert.equal(replyOf(after(shown), START), null);
    assert.deepEqual(replyOf(after(shown, asked(1)), NEWEST), { kind: 'waiting' });
  });

  it('keeps answers by their checkpoint, so that another may be added or removed meanwhile', () => {
    const state = after(
      shown,
      asked(1),
      { kind: 'answer', id: 1, policy: NEWEST, answer },
      { kind: 'policies', policies: [NEWEST] },
    );
    assert.deepEqual(replyOf(state, NEWEST), { kind: 'done', answer });
    assert.equal(asTyped(state), answer);
  });

  it('drops answers to a query that is no longer asked', () => {
    const state = after(shown, asked(1), asked(2), { kind: 'failed', id: 1, policy: START, message: 'late' });
    assert.deepEqual(replyOf(state, START), { kind: 'waiting' });
    assert.equal(asTyped(state), null);
  });
});
