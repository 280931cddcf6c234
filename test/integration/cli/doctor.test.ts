import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
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

  it('ends with status 1 and says what is wrong with a reward that pays the same for everything', async (test) => {
    const module = join(temporaryFolder(test), 'reward.mjs');
    writeFileSync(module, 'export default () => 1;');
    const small = ['--set', 'rollout.groupSize=2', '--set', 'evaluation.limit=5'];
    const { status, stdout, stderr } = await recR1(
      'doctor',
      '--task',
      'sample',
      ...small,
      '--set',
      `reward.module=${module}`,
    );
    assert.equal(status, 1);
    assert.match(stdout, /✗ reward .*\n.*Every answer has the same reward, 1: nothing could be learnt from it\./);
    assert.match(stderr, /^The pre-flight found 2 problems\.$/m, 'and all rewards of a query are equal');
  });
});
