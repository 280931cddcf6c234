import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import type { Rollout, RolloutGroup } from '../../../src/runs/events.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { type Row, settings } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A copy of the starter one of whose weights is no number, as an overflow leaves it. */
function poisonedStarter(folder: string): string {
  const dir = join(folder, 'poisoned');
  cpSync(join(packageRoot(), 'media/starter'), dir, { recursive: true });
  const file = join(dir, 'model.safetensors');
  const bytes = readFileSync(file);
  const header = Number(bytes.readBigUInt64LE(0));
  const entries = JSON.parse(bytes.toString('utf8', 8, 8 + header)) as Record<string, { dtype: string; data_offsets: number[] }>; // prettier-ignore
  const { dtype, data_offsets: [start] } = entries['model.norm.weight']; // prettier-ignore
  const notANumber = { F32: [0, 0, 0xc0, 0x7f], BF16: [0xc0, 0x7f], F16: [0, 0x7e] }[dtype]!;
  bytes.set(notANumber, 8 + header + start);
  writeFileSync(file, bytes);
  return dir;
}

describe('a guard', () => {
  it('ends a training whose loss is no number, with a checkpoint without that update, the reason and the rollout', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const model = poisonedStarter(folder);
    const ended = await recR1('train', '--run', runDir, '--model', model, ...settings({ promptStyle: 'plain' }));
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, /Guard "not-finite" in step 1: The loss is NaN/);

    const reader = openRunReader(runDir);
    test.after(() => {
      reader.close();
    });
    const info = reader.info();
    assert.deepEqual([info.state, info.step], ['stopped', 1]);
    assert.match(info.message ?? '', /^The loss is NaN .* that update was left out/);
    const [guard] = reader.eventsAfter(0).flatMap((event) => (event.kind === 'guard' ? [event] : []));
    assert.ok(guard.rollout);
    assert.deepEqual([guard.guard, guard.step], ['not-finite', 1]);
    assert.ok(Number.isNaN(reader.groups(1)[guard.rollout.group].rollouts[guard.rollout.position].logProb));
    const weights = (step: number): Buffer =>
      readFileSync(join(runDir, 'checkpoints', `step-00000${step}`, 'model.safetensors'));
    assert.deepEqual(weights(1), weights(0), 'nothing of the update stays');
  });

  it('that is off lets the training go on, still without such updates', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    const model = poisonedStarter(folder);
    const given = settings({ promptStyle: 'plain', 'guard.notFinite': 'off' });
    const lines = (await recR1Json('train', '--run', runDir, '--model', model, ...given)) as Record<string, unknown>[];
    assert.deepEqual(lines.slice(0, -1).map(({ skippedUpdates }) => skippedUpdates), [1, 1, 1, 1]); // prettier-ignore
  });

  /** After a good step one at a rate that ruins the policy. */
  const ruin = { promptStyle: 'plain', steps: 8, 'guard.patience': 1, 'evaluation.every': 100, 'optimizer.warmup': 0 };
  const MAX_TOKENS = 24; // as in small-training.ts
  const cases: readonly (readonly [string, object, RegExp, (rollout: Rollout, group: RolloutGroup) => boolean])[] = [
    [
      'malformed',
      { 'optimizer.learningRate': 0.1 },
      /^The share of malformed answers was \d+ % or more for 1 steps and had been \d/,
      ({ format }) => format !== 'ok',
    ],
    [
      'clipped',
      { 'optimizer.learningRate': 0.1, 'guard.malformed': 0, 'rollout.maxNewTokens': MAX_TOKENS },
      /^The share of answers cut by the token limit was \d+ % or more/,
      ({ tokens }) => tokens === MAX_TOKENS,
    ],
    [
      'entropy',
      { 'optimizer.learningRate': 1, 'guard.malformed': 0, 'guard.clipped': 0, 'guard.entropy': 0.9 },
      /^The entropy was below 90 % of its start \(\d\.\d+ nats per token\) for 1 steps/,
      ({ text }, { rollouts }) => rollouts.filter((other) => other.text === text).length > 1,
    ],
  ];
  for (const [guard, given, reason, offends] of cases) {
    it(`ends a training at a spike or a collapse: ${guard}, with a checkpoint, the reason and the first rollout`, async (test) => {
      const runDir = join(temporaryFolder(test), 'run');
      const rows = (await recR1Json('train', '--run', runDir, ...settings({ ...ruin, ...given }))) as Row[];
      const reader = openRunReader(runDir);
      test.after(() => {
        reader.close();
      });
      const { state, step, message } = reader.info();
      assert.equal(state, 'stopped');
      assert.match(message!, reason);
      const [event, ...more] = reader.eventsAfter(0).flatMap((found) => (found.kind === 'guard' ? [found] : []));
      assert.deepEqual([event.guard, event.step, event.message, more.length], [guard, step, message, 0]);
      assert.ok(event.rollout);
      const groups = reader.groups(step);
      const offenders = groups.flatMap((group, g) => group.rollouts.flatMap((rollout, position) => (offends(rollout, group) ? [{ group: g, position }] : []))); // prettier-ignore
      assert.deepEqual(event.rollout, offenders[0]);
      assert.equal(reader.checkpoints().at(-1)!.step, step);
      assert.deepEqual(rows.find((row) => 'guard' in row), { guard, step, message, rollout: event.rollout }); // prettier-ignore

      // From an earlier checkpoint it comes to the same end, for guards see what was recorded and nothing else.
      const { stdout } = await recR1('resume', runDir, '--checkpoint', 'step-000000');
      assert.ok(stdout.includes(`Guard "${guard}" in step ${step}: ${message}`));
      const { query, rollouts } = groups[event.rollout.group];
      assert.ok(stdout.includes(`The first rollout with it, of "${query}": ${JSON.stringify(rollouts[event.rollout.position].text)}`)); // prettier-ignore
    });
  }
});
