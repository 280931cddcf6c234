import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packed } from '../../../src/extension/pack-events.ts';
import type { PackedEvents, RecordedEvent } from '../../../webview/protocol.ts';
import { unpacked } from '../../../webview/unpack-events.ts';

/** What crosses to a webview is JSON. */
const crossed = (events: readonly RecordedEvent[]): readonly RecordedEvent[] =>
  unpacked(JSON.parse(JSON.stringify(packed(events))) as PackedEvents);

const base = { at: 5, discarded: false };
const step = (id: number, metrics: Record<string, number>): RecordedEvent => ({ ...base, kind: 'step', id, step: id, metrics }); // prettier-ignore
const checkpoint: RecordedEvent = { ...base, kind: 'checkpoint', id: 2, step: 1, name: 'step-000001' };

test('events arrive as they were recorded, also a metric that was not a number', () => {
  const events = [step(1, { reward: 0.1, loss: NaN }), checkpoint, step(3, { reward: 1 / 3, loss: -2 })];
  assert.deepEqual(crossed(events), events);
  assert.deepEqual(crossed([]), []);
});

test('a metric that only some steps have is not a number in the others', () => {
  const [first, second] = crossed([step(1, { reward: 1 }), step(2, { reward: 2, constructor: 3 })]);
  assert.deepEqual(first.kind === 'step' && first.metrics, { reward: 1, constructor: NaN });
  assert.deepEqual(second.kind === 'step' && second.metrics, { reward: 2, constructor: 3 });
});
