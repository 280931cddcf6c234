import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configFrom, givenIn, parseAssignments, settingProblems } from '../../../src/app/config.ts';
import { SETTINGS } from '../../../src/app/settings.ts';

describe('configFrom', () => {
  it('fills in the defaults', () => {
    const config = configFrom({}, 'test');
    assert.equal(config['rollout.groupSize'], SETTINGS['rollout.groupSize'].default);
    assert.equal(config.task, 'sample');
  });

  it('reads numbers from text, as they come from a command line', () => {
    const config = configFrom(parseAssignments(['optimizer.learningRate=1e-6', 'task=a=b']), '--set');
    assert.equal(config['optimizer.learningRate'], 1e-6);
    assert.equal(config.task, 'a=b');
  });

  it('gives back what it made', () => {
    const config = configFrom({ seed: 5, 'rollout.stop': '' }, 'test');
    assert.deepEqual(configFrom(config, 'test'), config);
  });

  it('takes from a variant what was not given, and what was given from nobody', () => {
    const config = configFrom({ 'grpo.variant': 'dr-grpo', 'grpo.kl': 0.02 }, 'test');
    assert.equal(config['grpo.advantage'], 'dr-grpo');
    assert.equal(config['grpo.aggregation'], 'constant');
    assert.equal(config['grpo.kl'], 0.02);
    assert.deepEqual(configFrom(config, 'test'), config);
  });

  it('gives dpo a rate of its own, unless one is given, and keeps that in what differs from the presets', () => {
    const rate = 'optimizer.learningRate';
    const [dpo, sft] = (['dpo', 'sft'] as const).map((method) => configFrom({ method }, 'test'));
    assert.deepEqual([dpo[rate], sft[rate]], [1e-4, SETTINGS[rate].default]);
    assert.equal(configFrom({ method: 'dpo', [rate]: 1e-5 }, 'test')[rate], 1e-5);
    assert.equal(givenIn(dpo)[rate], undefined);
    assert.deepEqual(configFrom(givenIn(dpo), 'test'), dpo);
  });

  it('has variants that set only what there is', () => {
    const names = SETTINGS['grpo.variant'].choices;
    for (const name of names) {
      const config = configFrom({ 'grpo.variant': name }, 'test');
      assert.deepEqual(configFrom(config, 'test'), config, name);
    }
  });

  const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ sede: 1 }, /there is no setting "sede"; did you mean "seed"/],
    [{ constructor: 1 }, /there is no setting "constructor"/],
    [{ seed: 1.5 }, /seed is 1.5; it must be a whole number from 0/],
    [{ seed: '' }, /seed is ""/],
    [{ seed: null }, /seed is null/],
    [{ 'grpo.kl': 'NaN' }, /grpo.kl is "NaN"; it must be a number/],
    [{ 'rollout.topP': 1.1 }, /rollout.topP is 1.1; it must be a number from 0.01 to 1/],
    [{ task: 3 }, /task must be text, not 3/],
    [{ task: '' }, /task must be text, not ""/],
    [{ 'rollout.minP': 2 }, /rollout.minP is 2/],
    [
      { promptStyle: 'loud' },
      /promptStyle is "loud"; choose one of auto, paper, paper-boolean, paper-dense, paper-review, plain/,
    ],
  ];
  for (const [given, message] of refused) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => configFrom(given, 'file.json'), { name: 'UserError', message });
    });
  }

  it('says how an assignment is written', () => {
    assert.throws(() => parseAssignments(['steps']), /write it as name=value/);
  });
});

describe('settingProblems', () => {
  it('tells of every setting what configFrom tells of the first', () => {
    const given = { stepz: 3, seed: 1, 'rollout.prompts': 0 };
    const problems = settingProblems(given, 'shop.rec-r1.json');
    assert.deepEqual(problems, [
      { name: 'stepz', message: 'shop.rec-r1.json: there is no setting "stepz"; did you mean "steps"?' },
      {
        name: 'rollout.prompts',
        message: 'shop.rec-r1.json: rollout.prompts is 0; it must be a whole number from 1 to 4096.',
      },
    ]);
    assert.throws(() => configFrom(given, 'shop.rec-r1.json'), { message: problems[0].message });
  });
});
