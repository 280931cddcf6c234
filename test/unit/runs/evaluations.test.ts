import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readEvaluation, type RecordedEvaluation, writeEvaluation } from '../../../src/runs/evaluations.ts';
import { bestCheckpoint } from '../../../src/runs/keep.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { compareRecorded } from '../../../src/runs/recorded-comparison.ts';
import { writeDemoRun } from '../../fixtures/demo-run.ts';
import { statisticsOf } from '../../fixtures/statistics.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

type Evaluation = Omit<RecordedEvaluation, 'layout' | 'weights'>;

function evaluation(arm: string, ndcg: readonly number[], settings: Evaluation['settings'] = {}): Evaluation {
  return {
    arm,
    split: 'test',
    settings,
    at: 0,
    metrics: {},
    intervals: {},
    baseline: {},
    cost: {},
    titles: { d: 'A pan' },
    grades: {},
    rows: ndcg.map((value, i) => ({
      exampleId: `t${i}`,
      query: 'pan',
      rewrite: 'iron pan',
      format: 'ok',
      metrics: { 'ndcg@10': value },
      baseline: { 'ndcg@10': 0.25 },
      top: ['d'],
      baselineTop: [],
    })),
  };
}

/** A run of twenty steps, whose writer still holds it. */
function demoRun(t: TestContext): string {
  const dir = join(temporaryFolder(t), 'run');
  const writer = writeDemoRun(dir, 20);
  t.after(() => {
    writer.close();
  });
  return dir;
}

function checksums(dir: string, checkpoint: string, content: string): void {
  writeFileSync(join(dir, 'checkpoints', checkpoint, 'checksums.json'), content);
}

describe('evaluations in a run folder', () => {
  it('are written while another process trains the run, and read as they were written', async (t) => {
    const dir = demoRun(t);
    await writeEvaluation(dir, evaluation('step-000010', [0.5, 1]));
    const { layout, weights, ...read } = readEvaluation(dir, 'step-000010', 'test')!;
    assert.deepEqual(read, evaluation('step-000010', [0.5, 1]));
    assert.deepEqual([layout, weights], [1, null]);
    assert.equal(readEvaluation(dir, 'step-000010', 'validation'), null);
    assert.equal(readEvaluation(dir, 'step-000020', 'test'), null);
  });

  it('do not count for a checkpoint that was made anew, nor when they are damaged', async (t) => {
    const dir = demoRun(t);
    checksums(dir, 'step-000010', '{"files":{"model.safetensors":{"sha256":"1"}}}');
    await writeEvaluation(dir, evaluation('step-000010', [1]));
    assert.ok(readEvaluation(dir, 'step-000010', 'test'));
    checksums(dir, 'step-000010', '{"files":{"model.safetensors":{"sha256":"2"}}}');
    assert.equal(readEvaluation(dir, 'step-000010', 'test'), null);
    writeFileSync(join(dir, 'evaluations', 'step-000010-test.json'), '{"layout":1,');
    assert.equal(readEvaluation(dir, 'step-000010', 'test'), null);
  });

  it('may be of anything that has a name', async (t) => {
    const dir = demoRun(t);
    await writeEvaluation(dir, evaluation('model:../other/model', [1]));
    assert.ok(readEvaluation(dir, 'model:../other/model', 'test'));
    assert.deepEqual(readdirSync(join(dir, 'evaluations')), ['model%3A..%2Fother%2Fmodel-test.json']);
  });

  it('are what a comparison takes, where they were made with the settings of the run', async (t) => {
    const dir = demoRun(t);
    const reader = openRunReader(dir);
    t.after(() => {
      reader.close();
    });
    const question = { a: 'step-000010', b: 'step-000020', split: 'test' } as const;
    await writeEvaluation(dir, evaluation('step-000010', [0.5, 0.25], { seed: 1 }));
    assert.equal(await compareRecorded(reader, question, statisticsOf), null);
    await writeEvaluation(dir, evaluation('step-000020', [1, 0.5], { seed: 1 }));
    assert.equal((await compareRecorded(reader, question, statisticsOf))?.difference, 0.375);
    assert.equal((await compareRecorded(reader, { ...question, a: 'raw' }, statisticsOf))?.meanA, 0.25);
    await writeEvaluation(dir, evaluation('step-000020', [1, 0.5], { seed: 2 }));
    assert.equal(await compareRecorded(reader, question, statisticsOf), null);
  });

  it('have no say in which checkpoint is the best: that is the validation split’s alone', async (t) => {
    const dir = join(temporaryFolder(t), 'run');
    const writer = writeDemoRun(dir, 20);
    const rows = evaluation('', [1]).rows;
    const metrics = { 'ndcg@10': 1 };
    const recorded = { step: 0, checkpoint: 'step-000000', metrics, baseline: metrics, rows };
    writer.append({ kind: 'evaluation', evaluation: { ...recorded, split: 'test' } });
    writer.append({ kind: 'evaluation', evaluation: { ...recorded, step: 30, split: 'validation' } }); // no such checkpoint
    writer.close();
    await writeEvaluation(dir, evaluation('step-000000', [1, 1]));
    mkdirSync(join(dir, 'checkpoints', 'step-000010.tmp')); // of a process that died
    assert.equal(await bestCheckpoint(dir), 'step-000020'); // the demo rises with the steps
  });
});
