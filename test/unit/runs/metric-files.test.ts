import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { scalarRecord, startRecord, versionRecord } from '../../../src/runs/event-file.ts';
import { eventFile, jsonLinesFile, refuseTaken } from '../../../src/runs/metric-files.ts';
import { evaluationName, metricName } from '../../../src/runs/metric-names.ts';
import type { RecordedEvent } from '../../../src/runs/records.ts';
import { type ScalarRow, scalarRow, scalarRows } from '../../../src/runs/scalars.ts';
import { evaluation, stepMetrics } from '../../fixtures/run-events.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const AT = Date.UTC(2026, 0, 1);
const row = (step: number, reward: number): ScalarRow => ({ step, at: AT, values: { reward } });
const line = (step: number, reward: number | null): string =>
  `{"step":${step},"time":"2026-01-01T00:00:00.000Z","reward":${reward}}\n`;

describe('metric names', () => {
  it('are those of the other trainer where it has the same, and ours otherwise', () => {
    assert.deepEqual(
      ['reward', 'length', 'formatOk', 'toString'].map((name) => metricName(name, 'trl')),
      ['reward', 'completions/mean_length', 'formatOk', 'toString'],
    );
    assert.equal(metricName('length', 'verl'), 'response_length/mean');
    assert.equal(metricName('length', 'rec-r1'), 'length');
    assert.equal(evaluationName('ndcg@10', 'validation', 'rec-r1'), 'validation/ndcg@10');
    assert.equal(evaluationName('ndcg@10', 'validation', 'trl'), 'eval_ndcg@10');
    assert.equal(evaluationName('ndcg@10', 'validation', 'verl'), 'val/ndcg@10');
  });

  it('are those of a record that counts, steps and evaluations in their order', () => {
    const base = { at: AT, discarded: false };
    const { checkpoint, split, metrics, baseline } = evaluation(1);
    const events: RecordedEvent[] = [
      { ...base, id: 1, kind: 'step', step: 1, discarded: true, metrics: { reward: 9 } },
      { ...base, id: 2, kind: 'step', step: 1, metrics: { reward: 0.5, length: 3 } },
      { ...base, id: 3, kind: 'checkpoint', step: 1, name: 'step-000001' },
      { ...base, id: 4, kind: 'evaluation', step: 1, evaluation: { checkpoint, split, metrics, baseline } },
    ];
    assert.deepEqual(scalarRows(events, 'verl'), [
      { step: 1, at: AT, values: { 'critic/rewards/mean': 0.5, 'response_length/mean': 3 } },
      { step: 1, at: AT, values: { 'val/ndcg@10': 0.5, 'val/raw_ndcg@10': 0.25 } },
    ]);
    const live = scalarRow({ kind: 'step', step: 2, metrics: stepMetrics(2), groups: [] }, AT, 'trl');
    assert.equal(live?.values['reward'], 0.2);
    assert.equal(live.values['completions/mean_length'], 22);
  });
});

describe('a file of JSON Lines', () => {
  it('is written anew and then grows, so that nothing is in it twice', (test) => {
    const path = join(temporaryFolder(test), 'new', 'metrics.jsonl');
    jsonLinesFile(path, [row(1, 0.5)]).append(row(2, 0.75));
    jsonLinesFile(path, [row(1, 0.5)]).append(row(2, NaN));
    assert.equal(readFileSync(path, 'utf8'), line(1, 0.5) + line(2, null));
  });
});

describe('a place that cannot be written', () => {
  it('is named in one sentence', (test) => {
    const file = join(temporaryFolder(test), 'file');
    writeFileSync(file, '');
    assert.throws(() => {
      jsonLinesFile(join(file, 'metrics.jsonl'), []);
    }, /^UserError: The metrics cannot be written to .*metrics\.jsonl: E/);
  });
});

describe('an event file', () => {
  it('takes the place of an earlier one, under a name behind it, and says that all begins again', (test) => {
    const dir = temporaryFolder(test);
    writeFileSync(join(dir, 'events.out.tfevents.1.somebody'), '');
    eventFile(dir, [], AT).append(row(1, 0.5));
    const names = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.rec-r1'));
    const [first] = names();
    assert.deepEqual(readFileSync(join(dir, first)), Buffer.concat([versionRecord(AT), scalarRecord(row(1, 0.5))]));
    eventFile(dir, [row(1, 0.5)], AT).append(row(2, 0.75));
    const [second, ...others] = names();
    assert.deepEqual(others, []);
    assert.ok(second > first);
    assert.deepEqual(
      readFileSync(join(dir, second)),
      Buffer.concat([versionRecord(AT), startRecord(AT, 0), scalarRecord(row(1, 0.5)), scalarRecord(row(2, 0.75))]),
    );
  });
});

describe('refuseTaken', () => {
  it('keeps a new run from writing over the metrics of another', (test) => {
    const dir = temporaryFolder(test);
    const jsonLines = join(dir, 'metrics.jsonl');
    refuseTaken({ jsonLines, eventDir: dir });
    eventFile(dir, [], AT);
    assert.throws(() => {
      refuseTaken({ jsonLines, eventDir: dir });
    }, /already has metrics of a run; choose another place/);
    jsonLinesFile(jsonLines, []);
    assert.throws(() => {
      refuseTaken({ jsonLines });
    }, /metrics\.jsonl already has metrics/);
  });
});
