import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { recorded, type Row, settings, STEPS, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const tune = async (...args: readonly string[]): Promise<Row[]> =>
  (await recR1Json('tune', ...settings({ 'pairs.queries': 6 }), ...args)) as Row[];

/** The first training queries of the sample, with their own words turned around as the rewrite. */
function pairsFile(test: TestContext): string {
  const sample = join(packageRoot(), 'media/sample');
  const ids = new Set(
    readFileSync(join(sample, 'qrels/train.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t')[0]),
  );
  const queries = readFileSync(join(sample, 'queries.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { _id: string; text: string });
  const rows = queries
    .filter(({ _id }) => ids.has(_id))
    .slice(0, 8)
    .map(({ text }, i) => ({
      query: text,
      rewrite: text.split(' ').slice(0, 4).join(' '),
      ...(i % 2 === 0 && { reasoning: 'Fewer words.' }),
    }));
  const heldOut = queries.find(({ _id }) => !ids.has(_id))!;
  const file = join(temporaryFolder(test), 'pairs.jsonl');
  const all = [...rows, { query: heldOut.text, rewrite: 'a peek' }, { query: 'of no task', rewrite: 'still learnt' }];
  writeFileSync(file, all.map((row) => JSON.stringify(row)).join('\n'));
  return file;
}

describe('rec-r1 tune', () => {
  it('learns from the pairs of a file, scored where the task knows the query, and never from held-out queries', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    const lines = await tune('--pairs', pairsFile(test), '--run', runDir, '--steps', '8');
    assert.deepEqual(lines.at(-1), { run: runDir, checkpoint: 'step-000008' });
    const losses = lines.slice(0, -1).map((line) => line['loss'] as number);
    assert.ok(losses[6] + losses[7] < losses[0] + losses[1], losses.join(' '));
    const kept = readFileSync(join(runDir, 'pairs.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    assert.equal(kept.length, 9);
    const rewards = kept.map(({ rollouts }) => (rollouts as Row[])[0]['reward']);
    assert.ok(rewards.slice(0, 8).every((reward) => typeof reward === 'number'));
    assert.equal(rewards[8], null);
    const reader = openRunReader(runDir);
    const messages = reader.eventsAfter(0).flatMap((event) => (event.kind === 'state' ? [event.message ?? ''] : []));
    const [pair] = reader.groups(1);
    reader.close();
    assert.ok(
      messages.some((message) => message.includes('1 of validation or test queries')),
      messages.join('\n'),
    );
    assert.equal(pair.rollouts[0].advantage, 1);
  });

  for (const [method, given] of [
    ['rejection', {}],
    ['dpo', { 'lora.rank': 4 }],
  ] as const) {
    it(`goes on after Ctrl-C as if nothing had happened: ${method}`, async (test) => {
      const folder = temporaryFolder(test);
      const whole = join(folder, 'whole');
      const options = ['--method', method, '--steps', '8', ...settings({ ...given, 'pairs.queries': 6, steps: 8 })];
      await recR1Json('tune', '--run', whole, ...options);
      const stopped = join(folder, 'stopped');
      const cli = join(packageRoot(), 'dist/cli.mjs');
      const child = spawn(process.execPath, [cli, 'tune', '--json', '--run', stopped, ...options], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout });
      lines.once('line', () => child.kill('SIGINT')); // in the first steps
      await once(child, 'close');
      await recR1Json('resume', stopped);
      const without = (rows: Row[]): Row[] =>
        rows.map(
          (row) => JSON.parse(JSON.stringify(row, (key, value: unknown) => (/second/i.test(key) ? 0 : value))) as Row,
        );
      assert.deepEqual(without(recorded(stopped)), without(recorded(whole)));
    });
  }

  it('takes the rewrites that a training has stored, without sampling any', async (test) => {
    const folder = temporaryFolder(test);
    const trained = join(folder, 'trained');
    await train(trained);
    const lines = await tune('--from-run', trained, '--run', join(folder, 'tuned'), '--set', 'pairs.minGain=-1');
    assert.equal(lines.length, STEPS + 1);
    assert.ok(lines.every((line) => !('sampledTokens' in line)));
  });

  it('says what is missing before anything is written', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['--method', 'sft'], /learns from pairs; name a file/],
      [['--pairs', 'none.csv'], /none\.csv does not exist/],
      [['--method', 'ppo'], /--method is "ppo"; it must be sft, rejection, dpo/],
    ];
    for (const [args, message] of refused) {
      const { status, stderr } = await recR1('tune', '--run', runDir, ...args);
      assert.equal(status, 1);
      assert.match(stderr, message);
    }
    assert.equal(existsSync(runDir), false);
  });
});
