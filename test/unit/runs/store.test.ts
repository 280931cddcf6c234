import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Document, Example, Task } from '../../../src/data/task.ts';
import { connect, DATABASE_FILE } from '../../../src/runs/database.ts';
import { listRuns, openRunReader, type RunReader } from '../../../src/runs/reader.ts';
import { createRun, openRunWriter, type RunWriter, type WriterOptions } from '../../../src/runs/store.ts';
import { evaluation, group, rollout, stepEvent, stepMetrics } from '../../fixtures/run-events.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const NEW_RUN = {
  name: 'first',
  config: { seed: 3 },
  taskName: 'sample',
  taskDir: '/tasks/sample',
  totalSteps: 10,
  startedAt: 1000,
};

function newRun(t: TestContext): string {
  const dir = join(temporaryFolder(t), 'run');
  createRun(dir, NEW_RUN);
  return dir;
}

function open(t: TestContext, dir: string, options?: WriterOptions): { writer: RunWriter; reader: RunReader } {
  const writer = openRunWriter(dir, options);
  const reader = openRunReader(dir);
  t.after(() => {
    reader.close();
    writer.close();
  });
  return { writer, reader };
}

test('a reader gets back what was appended, with times from the clock', (t) => {
  const dir = newRun(t);
  let now = 2000;
  const { writer, reader } = open(t, dir, { now: () => (now += 10) });
  writer.append({ kind: 'state', state: 'running', step: 0 });
  writer.append(stepEvent(1));
  writer.append({ kind: 'evaluation', evaluation: evaluation(1) });

  assert.deepEqual(reader.groups(1), [group()]);
  assert.deepEqual(reader.eventsAfter(0), [
    { id: 1, kind: 'state', state: 'running', step: 0, at: 2010, discarded: false },
    { id: 2, kind: 'step', step: 1, at: 2020, discarded: false, metrics: stepMetrics(1) },
    {
      id: 3,
      kind: 'evaluation',
      step: 1,
      at: 2030,
      discarded: false,
      evaluation: {
        checkpoint: 'step-1',
        split: 'validation',
        metrics: { 'ndcg@10': 0.5 },
        baseline: { 'ndcg@10': 0.25 },
      },
    },
  ]);
  assert.deepEqual(reader.evaluationRows(3), evaluation(1).rows);
  assert.deepEqual(reader.info(), { ...NEW_RUN, dir, state: 'running', step: 1, updatedAt: 2030 });
});

test('a guard keeps what it said and the rollout it points to, and is taken back with its step', (t) => {
  const { writer, reader } = open(t, newRun(t));
  writer.append(stepEvent(1));
  const guard = { guard: 'not-finite', message: 'The loss is NaN.', rollout: { group: 0, position: 1 } } as const;
  writer.append({ kind: 'guard', step: 1, ...guard });
  writer.append({ kind: 'guard', step: 2, guard: 'disk', message: 'The disk is full.' });
  writer.discardAfter(1);
  const [, first, second] = reader.eventsAfter(0);
  const { id, at } = first;
  assert.deepEqual(first, { kind: 'guard', id, at, step: 1, discarded: false, ...guard });
  assert.deepEqual([second.kind, second.discarded], ['guard', true]);
});

test('a run knows the checkpoint that it was forked from', (t) => {
  const dir = join(temporaryFolder(t), 'fork');
  const parent = { dir: '/runs/first', checkpoint: 'step-000040' };
  createRun(dir, { ...NEW_RUN, parent });
  assert.deepEqual(open(t, dir).reader.info().parent, parent);
});

test('a cursor gives only what came after it, and the data version tells that something did', (t) => {
  const { writer, reader } = open(t, newRun(t));
  writer.append(stepEvent(1));
  const [first] = reader.eventsAfter(0);
  const before = reader.dataVersion();
  assert.equal(reader.dataVersion(), before);
  writer.append(stepEvent(2));
  assert.notEqual(reader.dataVersion(), before);
  assert.deepEqual(
    reader.eventsAfter(first.id).map((event) => event.step),
    [2],
  );
});

test('a loss that is not a number is recorded as such', (t) => {
  const { writer, reader } = open(t, newRun(t));
  writer.append({ kind: 'step', step: 1, metrics: { ...stepMetrics(1), loss: NaN, gradNorm: Infinity }, groups: [] });
  const [event] = reader.eventsAfter(0);
  assert.ok(event.kind === 'step');
  assert.ok(Number.isNaN(event.metrics.loss));
  assert.equal(event.metrics.gradNorm, Infinity);
});

test('a failed search keeps its error and has no reward', (t) => {
  const { writer, reader } = open(t, newRun(t));
  const failed = rollout({ reward: null, error: 'timed out', top: [] });
  writer.append(stepEvent(1, [group({ rollouts: [failed] })]));
  assert.deepEqual(reader.groups(1)[0].rollouts, [failed]);
});

test('a query whose own search failed has no NDCG to be compared with', (t) => {
  const { writer, reader } = open(t, newRun(t));
  const failed = group({ baseline: { ndcg: null, top: [] } });
  writer.append(stepEvent(1, [failed]));
  assert.deepEqual(reader.groups(1), [failed]);
});

test('the tokens of a rollout are kept apart from it, and read on demand', (t) => {
  const { writer, reader } = open(t, newRun(t));
  const trace = { pieces: ['red ', 'shöes', ''], logProbs: [-0.5, -2, -0.25], reference: [-0.75, -1, -0.25] };
  const { reference, ...unreferenced } = trace;
  assert.equal(reference.length, 3);
  const traced = rollout({ text: 'red shöes', trace });
  writer.append(stepEvent(1, [group(), group({ rollouts: [rollout(), traced, { ...traced, trace: unreferenced }] })]));
  assert.deepEqual(reader.groups(1)[1].rollouts[1], rollout({ text: 'red shöes' }));
  assert.deepEqual(reader.trace(1, 1, 1), trace);
  assert.deepEqual(reader.trace(1, 1, 2), unreferenced);
  assert.equal(reader.trace(1, 0, 0), null);
  assert.equal(reader.trace(2, 0, 0), null);
});

test('the same step cannot be recorded twice, and the failed append leaves nothing behind', (t) => {
  const { writer, reader } = open(t, newRun(t));
  writer.append(stepEvent(1), { at: 1 });
  assert.throws(() => {
    writer.append(stepEvent(1), { at: 2 });
  }, /UNIQUE/);
  assert.equal(reader.eventsAfter(0).length, 1);
  assert.deepEqual(writer.position(), { step: 1, position: { at: 1 } });
});

test('going back to a checkpoint keeps what came after it as discarded, and the steps count anew', (t) => {
  const { writer, reader } = open(t, newRun(t));
  for (const step of [1, 2, 3]) writer.append(stepEvent(step), { step });
  writer.append({ kind: 'checkpoint', step: 3, name: 'step-3' });
  writer.discardAfter(1);
  assert.deepEqual(writer.position(), { step: 1, position: { step: 1 } });
  assert.equal(reader.info().step, 1);
  assert.deepEqual(reader.groups(2), []);

  writer.append(stepEvent(2, [group({ query: 'second life' })]));
  assert.deepEqual(
    reader.eventsAfter(0).map(({ kind, step, discarded }) => [kind, step, discarded]),
    [
      ['step', 1, false],
      ['step', 2, true],
      ['step', 3, true],
      ['checkpoint', 3, true],
      ['discard', 1, false],
      ['step', 2, false],
    ],
  );
  assert.equal(reader.groups(2)[0].query, 'second life');
});

test('a writer that is reopened finds the newest position', (t) => {
  const dir = newRun(t);
  const first = openRunWriter(dir);
  assert.equal(first.position(), null);
  first.append(stepEvent(1), { rng: [1, 2, 3, 4] });
  first.append({ kind: 'state', state: 'stopped', step: 1 });
  first.close();
  const second = openRunWriter(dir);
  assert.deepEqual(second.position(), { step: 1, position: { rng: [1, 2, 3, 4] } });
  second.close();
});

test('a second writer is refused while the first lives, and let in afterwards', (t) => {
  const dir = newRun(t);
  const first = openRunWriter(dir);
  assert.throws(() => openRunWriter(dir), { name: 'UserError', message: /is being written by another process/ });
  first.close();
  openRunWriter(dir).close();
});

test('a run is never created over another', (t) => {
  const dir = newRun(t);
  assert.throws(() => {
    createRun(dir, NEW_RUN);
  }, /already holds a run; resume it/);
});

test('a run that says running without a process has failed', (t) => {
  const dir = newRun(t);
  const writer = openRunWriter(dir);
  const reader = openRunReader(dir);
  t.after(() => {
    reader.close();
  });
  writer.append({ kind: 'state', state: 'running', step: 0 });
  assert.ok(reader.alive());
  assert.equal(reader.info().state, 'running');
  writer.close();
  assert.ok(!reader.alive());
  assert.equal(reader.info().state, 'failed');
});

test('a state that was said last stays when the process has gone', (t) => {
  const dir = newRun(t);
  const { writer, reader } = open(t, dir);
  writer.append({ kind: 'state', state: 'failed', step: 2, message: 'The loss is not a number.' });
  assert.equal(reader.info().state, 'failed');
  assert.equal(reader.info().message, 'The loss is not a number.');
});

test('titles and grades of what occurred are in the run folder', (t) => {
  const document = (id: string): Document => ({ id, title: `Title of ${id}`, text: '' });
  const example: Example = { id: 'q1', query: 'q', relevant: new Map([['d9', 2]]) };
  const task: Task = {
    name: 'tiny',
    dir: '/tiny',
    kind: 'search',
    documents: ['d1', 'd2', 'd3', 'd9', 'never'].map(document),
    examples: { train: [example], validation: [], test: [] },
    notes: [],
  };
  const { writer, reader } = open(t, newRun(t), { task });
  writer.append(stepEvent(1));
  assert.deepEqual([...reader.titles(['d1', 'd2', 'd3', 'd9', 'never', 'unknown']).keys()], ['d1', 'd2', 'd3', 'd9']);
  assert.deepEqual([...reader.judgments('q1')], [['d9', 2]]);
  assert.deepEqual([...reader.judgments('constructor')], []);
});

test('only checkpoints that count and whose folder exists are listed, oldest first', (t) => {
  const dir = newRun(t);
  const { writer, reader } = open(t, dir);
  for (const step of [0, 5, 10]) writer.append({ kind: 'checkpoint', step, name: `step-${step}` });
  for (const name of ['step-5', 'step-0']) mkdirSync(join(dir, 'checkpoints', name), { recursive: true });
  assert.deepEqual(
    reader.checkpoints().map(({ name }) => name),
    ['step-0', 'step-5'],
  );
});

test('listing runs gives the newest first and names what cannot be read', (t) => {
  const root = temporaryFolder(t);
  createRun(join(root, 'old'), { ...NEW_RUN, name: 'old', startedAt: 1 });
  createRun(join(root, 'new'), { ...NEW_RUN, name: 'new', startedAt: 2 });
  mkdirSync(join(root, 'broken'));
  writeFileSync(
    join(root, 'broken', 'run.sqlite'),
    'not a database, and longer than a header of a hundred bytes'.repeat(4),
  );
  mkdirSync(join(root, 'something else'));
  const listed = listRuns(root);
  assert.deepEqual(
    listed.map((item) => (item.kind === 'run' ? item.info.name : item.message)),
    ['new', 'old', listed[2].kind === 'unreadable' ? listed[2].message : 'should be unreadable'],
  );
  assert.ok(listed[2].kind === 'unreadable');
  assert.match(listed[2].message, /run\.sqlite: it is not a SQLite database/);
  assert.deepEqual(listRuns(join(root, 'missing')), []);
});

test('a folder without a run says so, and nothing is made in it', (t) => {
  const dir = temporaryFolder(t);
  assert.throws(() => openRunReader(dir), /holds no run/);
  assert.deepEqual(readdirSync(dir), []);
});

test('reading a run never takes part in its locks', (t) => {
  const dir = newRun(t);
  const { writer, reader } = open(t, dir);
  const other = openRunReader(dir);
  t.after(() => {
    other.close();
  });
  other.info();
  writer.append(stepEvent(1));
  assert.equal(reader.info().step, 1);
  assert.equal(other.info().step, 1);
});

test('a run of the first layout, before notes and parents, is read as it is, and brought up to date by its writer', (t) => {
  const dir = newRun(t);
  const first = openRunWriter(dir);
  first.append(stepEvent(1));
  first.close();
  const old = connect(join(dir, DATABASE_FILE), false, 0);
  old.exec('ALTER TABLE rollouts DROP COLUMN note; ALTER TABLE run DROP COLUMN parent');
  old.exec('DROP TABLE token_traces; PRAGMA user_version = 1');
  old.close();

  const before = openRunReader(dir);
  assert.deepEqual(before.groups(1), [group()]);
  assert.equal(before.info().parent, undefined);
  assert.equal(before.trace(1, 0, 0), null);
  before.close();
  const { reader, writer } = open(t, dir);
  const noted = group({ rollouts: [rollout({ note: 'searched as plain words' })] });
  const trace = { pieces: ['shoes'], logProbs: [-1] };
  writer.append(stepEvent(2, [{ ...noted, rollouts: noted.rollouts.map((one) => ({ ...one, trace })) }]));
  assert.deepEqual(reader.trace(2, 0, 0), trace);
  assert.deepEqual([reader.groups(1), reader.groups(2)], [[group()], [noted]]);
});
