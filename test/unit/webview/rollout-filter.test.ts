import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exportRollouts } from '../../../webview/rollout-export.ts';
import { gainOf, NO_FILTER, type RolloutFilter, shownGroups } from '../../../webview/rollout-filter.ts';
import { group, rollout } from '../../fixtures/run-events.ts';

const hit = (rewrite: string, ndcg: number): ReturnType<typeof rollout> =>
  rollout({ rewrite, text: rewrite, reward: 0.1 + ndcg, terms: { format: 0.1, ndcg } });
const malformed = rollout({ rewrite: null, text: 'no tags', format: 'tags', reward: -2, terms: { format: -2 } });
const unsearched = rollout({ rewrite: 'lost', text: 'lost', reward: null, terms: {}, error: 'timed out' });
const baseline = { ndcg: 0.5, top: [] };
const GROUPS = [
  group({
    exampleId: 'a',
    query: 'Back pain',
    baseline,
    rollouts: [hit('cushion', 0.4), hit('lumbar', 0.9), malformed],
  }),
  group({ exampleId: 'b', query: 'garden', baseline, rollouts: [hit('hose', 0), hit('hose', 0)] }),
  group({ exampleId: 'c', query: 'pan', baseline, rollouts: [hit('wok', 1), unsearched] }),
];

/** `query: places of the shown rollouts`. */
const shown = (filter: Partial<RolloutFilter>): string[] =>
  shownGroups(GROUPS, { ...NO_FILTER, ...filter }).map(
    ({ group: { exampleId }, rollouts }) => `${exampleId}: ${rollouts.map(({ place }) => place).join(' ')}`,
  );

describe('the rollouts that are shown', () => {
  it('are those of the choice, with their groups', () => {
    assert.deepEqual(shown({}), ['a: 0 1 2', 'b: 0 1', 'c: 0 1']);
    assert.deepEqual(shown({ show: 'better' }), ['a: 1', 'c: 0']);
    assert.deepEqual(shown({ show: 'worse' }), ['a: 0', 'b: 0 1']);
    assert.deepEqual(shown({ show: 'best' }), ['a: 1', 'b: 0 1', 'c: 0']);
    assert.deepEqual(shown({ show: 'worst' }), ['a: 2', 'b: 0 1', 'c: 0']);
    assert.deepEqual(shown({ show: 'zero' }), []);
    assert.deepEqual(shown({ show: 'malformed' }), ['a: 2']);
    assert.deepEqual(shown({ show: 'failed' }), ['c: 1']);
    assert.deepEqual(shown({ show: 'no-signal' }), ['b: 0 1']);
    assert.deepEqual(shown({ show: 'all-same' }), ['b: 0 1']);
    assert.deepEqual(shown({ show: 'all-miss' }), []);
  });

  it('are neither better nor worse than a query whose own search failed', () => {
    const failed = { ...GROUPS[0], baseline: { ndcg: null, top: [] } };
    assert.deepEqual(shownGroups([failed], { ...NO_FILTER, show: 'better' }), []);
    assert.deepEqual(shownGroups([failed], { ...NO_FILTER, show: 'worse' }), []);
    assert.equal(shownGroups([failed], NO_FILTER)[0].rollouts.length, 3);
    assert.ok(Number.isNaN(gainOf(failed.rollouts[1], failed)));
  });

  it('hold the text in query, rewrite or completion', () => {
    assert.deepEqual(shown({ text: 'LUMBAR' }), ['a: 1']);
    assert.deepEqual(shown({ text: 'pain' }), ['a: 0 1 2']);
    assert.deepEqual(shown({ text: 'tags' }), ['a: 2']);
    assert.deepEqual(shown({ text: 'null' }), []);
  });

  it('come in the wanted order, the most telling rewrite of each query first', () => {
    assert.deepEqual(shown({ order: 'gain' }), ['c: 0 1', 'a: 1 0 2', 'b: 0 1']);
    assert.deepEqual(shown({ order: 'loss' }), ['b: 0 1', 'a: 2 0 1', 'c: 1 0']);
    assert.deepEqual(shown({ order: 'spread' }), ['a: 1 0 2', 'b: 0 1', 'c: 0 1']);
  });
});

describe('exported rollouts', () => {
  it('are one row each, as JSON Lines', () => {
    const rows = exportRollouts(7, shownGroups(GROUPS, { ...NO_FILTER, show: 'malformed' }), 'jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(rows.length, 1);
    const { step, query, rollout: place, reward, ndcg, completion } = rows[0];
    assert.deepEqual({ step, query, place, reward, ndcg, completion }, { step: 7, query: 'Back pain', place: 2, reward: -2, ndcg: null, completion: 'no tags' }); // prettier-ignore
  });

  it('are safe in a spreadsheet: quoted, and never a formula', () => {
    const odd = group({ query: 'a "b", c', rollouts: [hit('=HYPERLINK("x")', 1), hit('two\nlines', 1)] });
    const [head, first, second] = exportRollouts(1, shownGroups([odd], NO_FILTER), 'csv').split('\r\n');
    assert.match(head, /^step,example,query,/);
    assert.match(first, /,"a ""b"", c",.*,"'=HYPERLINK\(""x""\)",ok,1\.1,1,/);
    assert.match(second, /,"two\nlines",/);
    const [names, row] = exportRollouts(1, shownGroups([odd], NO_FILTER), 'tsv').split('\r\n');
    assert.equal(names.split('\t')[9], 'reward.format');
    assert.equal(row.split('\t')[9], '0.1');
  });
});
