import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configFrom, settingsIn } from '../../../src/app/config.ts';
import { DEPARTURES, PAPER_PRESET_NAMES, PAPER_PRESETS, paperConfiguration } from '../../../src/app/paper.ts';
import { SETTINGS, type SettingName } from '../../../src/app/settings.ts';

const differing = (recipe: object): string[] =>
  Object.entries(recipe).flatMap(([name, value]) => (SETTINGS[name as SettingName].default === value ? [] : [name]));

describe('the paper’s presets', () => {
  it('are configurations that can be trained with as they are printed', () => {
    for (const name of PAPER_PRESET_NAMES) {
      const printed: unknown = JSON.parse(JSON.stringify(paperConfiguration(name)));
      const config = configFrom(settingsIn(printed, name), name);
      for (const [setting, value] of Object.entries(PAPER_PRESETS[name].recipe))
        assert.equal(config[setting as SettingName], value, `${name}: ${setting}`);
    }
  });

  // The fact sheet’s table 3.1, in its order, and the cut-offs of 4.1.
  it('hold the numbers of the released scripts', () => {
    const numbers = PAPER_PRESET_NAMES.map((name) => {
      const config = configFrom(PAPER_PRESETS[name].recipe, name);
      const names = ['rollout.prompts', 'rollout.groupSize', 'rollout.maxPromptTokens', 'rollout.maxNewTokens', 'checkpoint.every', 'evaluation.every', 'reward.k', 'evaluation.k', 'steps'] as const; // prettier-ignore
      return [name, ...names.map((setting) => config[setting])];
    });
    assert.deepEqual(numbers, [
      ['paper-esci', 32, 12, 256, 512, 100, 10, 1000, 100, 1400],
      ['paper-esci-dense', 32, 12, 256, 512, 200, 20, 1000, 100, 400],
      ['paper-c4', 32, 12, 256, 512, 200, 10, 1000, 100, 600],
      ['paper-c4-dense', 32, 12, 256, 512, 200, 20, 3000, 100, 800],
      ['paper-beauty', 32, 12, 512, 512, 100, 10, 5000, 50, 1000],
      ['paper-rerank', 32, 8, 3000, 1024, 50, 10, 16, 10, 500],
    ]);
  });

  it('train with one cut-off and evaluate with another', () => {
    for (const { recipe } of Object.values(PAPER_PRESETS)) assert.ok(recipe['reward.k'] > recipe['evaluation.k']);
  });

  it('give a reason for every default that differs, and for no other', () => {
    const all = new Set(Object.values(PAPER_PRESETS).flatMap(({ recipe }) => differing(recipe)));
    assert.deepEqual(Object.keys(DEPARTURES).sort(), [...all].sort());
  });

  it('print those reasons, how to train, and what was given besides', () => {
    const { $comment, ...settings } = paperConfiguration('paper-esci', { steps: 7 }) as Record<string, unknown>;
    const comment = ($comment as string[]).join('\n');
    assert.match(comment, /rec-r1 train --config paper-esci\.rec-r1\.json/);
    assert.match(comment, /\nrollout\.topP is 1, not 0\.95: cutting the tail/);
    assert.doesNotMatch(comment, /undefined/);
    assert.equal(settings['steps'], 7);
  });
});
