import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { dataFolder, jsonLines } from '../../fixtures/data-folder.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

type Finding = Readonly<{ check: string; problems: string[]; details: Record<string, number> }>;

describe('rec-r1 doctor --config', () => {
  it('tries everything that a training needs and says how long it will take', async (test) => {
    const config = join(temporaryFolder(test), 'demo.json');
    writeFileSync(config, JSON.stringify({ 'rollout.groupSize': 4, 'evaluation.limit': 10, steps: 20 }));
    const findings = (await recR1Json('doctor', '--config', config)) as Finding[];
    assert.deepEqual(
      findings.map(({ check, problems }) => [check, problems.length]),
      [
        ['memory', 0],
        ['index', 0],
        ['reward', 0],
        ['step', 0],
        ['time', 0],
      ],
    );
    const [, index, reward, step, time] = findings.map(({ details }) => details);
    assert.equal(index['missing'], 0);
    assert.ok(reward['good'] > reward['typed']);
    assert.ok(step['memoryBytes'] > 1e7 && Number.isFinite(step['loss']));
    assert.equal(time['evaluations'], 2);
    assert.ok(Math.abs(time['seconds'] - 20 * time['secondsPerStep'] - 2 * time['secondsPerEvaluation']) < 1e-9);
  });

  it('ends with status 1 and says what is wrong with a task whose judgments name other documents', async (test) => {
    const task = dataFolder(test, {
      'corpus.jsonl': jsonLines(['pan', 'lid'].map((title) => ({ _id: title, title, text: '' }))),
      'queries.jsonl': jsonLines([{ _id: 'q1', text: 'something to fry in' }]),
      'qrels/train.tsv': 'q1\tpan\t1\nq1\tgone\t1\n',
      'qrels/validation.tsv': 'q1\tpan\t1\nq1\tgone\t1\n',
    });
    const { status, stdout, stderr } = await recR1('doctor', '--task', task, '--set', 'rollout.groupSize=2');
    assert.equal(status, 1);
    assert.match(stdout, /✗ index .*1 of them not in the corpus/);
    assert.match(stderr, /^The pre-flight found \d+ problems\.$/m);
  });
});
