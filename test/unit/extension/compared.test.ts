import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Compared, comparedOf } from '../../../src/extension/compared.ts';
import { writeEvaluation } from '../../../src/runs/evaluations.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { compareRecorded } from '../../../src/runs/recorded-comparison.ts';
import type { FromPanel, ToPanel } from '../../../webview/protocol.ts';
import { missing } from '../../../webview/questions.ts';
import { comparedKey, initialState, reduce } from '../../../webview/state.ts';
import { DEMO_TASK, writeDemoRun } from '../../fixtures/demo-run.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const CHOSEN = { a: 'raw', others: ['step-000000', 'step-000020'], split: 'validation' } as const;

async function demoComparison(dir: string): Promise<Compared> {
  const reader = openRunReader(dir);
  const { a, split } = CHOSEN;
  const comparisons = await Promise.all(
    CHOSEN.others.map(async (b) => (await compareRecorded(reader, { a, b, split }, statisticsOf))!),
  );
  reader.close();
  return comparedOf(CHOSEN, comparisons, dir);
}

function demoRun(t: TestContext): string {
  const dir = join(temporaryFolder(t), 'run');
  writeDemoRun(dir, 20).close();
  return dir;
}

test('the panel is told every query without its lists, and those of a query once it is open', async (t) => {
  const compared = await demoComparison(demoRun(t));
  const told: ToPanel = { kind: 'comparison', ...compared.result };
  assert.ok(!JSON.stringify(told).includes('"top"'));
  const [first] = compared.comparisons[1].rows;
  const { exampleId } = first;
  assert.equal(compared.result.comparisons[1].rows[0].b.value, first.b.metrics['ndcg@10']);

  const asked: FromPanel = { kind: 'compared-lists', b: 'step-000020', exampleId };
  const closed = reduce(initialState, told);
  assert.deepEqual(missing(closed), []);
  const open = reduce(closed, { kind: 'toggle', key: comparedKey('step-000020', exampleId) });
  assert.deepEqual(missing(open), [asked]);
  assert.deepEqual(missing(reduce(open, { kind: 'choose-tab', tab: 'rollouts' })), []);

  const lists = compared.lists('step-000020', exampleId)!;
  assert.deepEqual([lists.before, lists.after], [first.a.top, first.b.top]);
  for (const id of [...lists.before, ...lists.after]) assert.ok(id in lists.titles, id);
  const example = DEMO_TASK.examples.validation.find(({ id }) => id === exampleId)!;
  assert.deepEqual(lists.grades, { [exampleId]: Object.fromEntries(example.relevant) });
  const answered = reduce(open, { kind: 'compared-lists', ...lists });
  assert.deepEqual(missing(answered), []);
  assert.deepEqual(missing(reduce(answered, told)), [asked], 'another comparison may have other lists');
});

test('the other metrics are compared once they are looked at', async (t) => {
  const compared = await demoComparison(demoRun(t));
  const open = [
    { kind: 'comparison', ...compared.result } as const,
    { kind: 'compared', comparison: { showsMetrics: true } } as const,
  ].reduce(reduce, initialState);
  assert.deepEqual(missing(open), [{ kind: 'compared-metrics', b: 'step-000020' }]);
  const metrics = await compared.metrics('step-000020', statisticsOf);
  const names = Object.keys(compared.comparisons[1].rows[0].b.metrics);
  assert.deepEqual(metrics.map(({ name }) => name).toSorted(), names.toSorted());
  assert.equal(metrics[0].difference, compared.comparisons[1].difference);
  assert.deepEqual(missing(reduce(open, { kind: 'compared-metrics', b: 'step-000020', metrics })), []);
});

test('a query that was not compared has no lists', async (t) => {
  const compared = await demoComparison(demoRun(t));
  assert.equal(compared.lists('step-000020', 'constructor'), null);
  assert.equal(compared.lists('step-000007', DEMO_TASK.examples.validation[0].id), null);
});

test('titles and grades that only an evaluation on request knows are told too', async (t) => {
  const dir = demoRun(t);
  const { exampleId } = (await demoComparison(dir)).comparisons[0].rows[0];
  const row = { exampleId, query: 'q', rewrite: 'r', format: 'ok', top: ['only here'], baselineTop: [] };
  const metrics = { 'ndcg@10': 0.5 };
  await writeEvaluation(dir, {
    arm: 'step-000000',
    split: 'validation',
    settings: {},
    at: 0,
    metrics,
    intervals: {},
    baseline: metrics,
    cost: {},
    rows: [{ ...row, metrics, baseline: metrics }],
    titles: { 'only here': 'A title' },
    grades: { [exampleId]: { 'only here': 3 } },
  });
  const lists = (await demoComparison(dir)).lists('step-000000', exampleId)!;
  assert.deepEqual(lists.titles, { 'only here': 'A title' });
  assert.deepEqual(lists.grades, { [exampleId]: { 'only here': 3 } });
});
