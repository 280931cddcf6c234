import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../src/base/package-root.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { recorded, type Row, settings, STEPS, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function recordedCheckpoints(runDir: string): string[] {
  const reader = openRunReader(runDir);
  try {
    return reader
      .checkpoints()
      .map(({ name }) => name)
      .sort();
  } finally {
    reader.close();
  }
}

/** SHA-256 of the weights and the optimizer's state in a checkpoint. */
function numbersOf(runDir: string, checkpoint: string): Readonly<Record<string, unknown>> {
  const file = join(runDir, 'checkpoints', checkpoint, 'checksums.json');
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, unknown> };
  return Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith('.safetensors')));
}

/** What the run says computed its tensors. */
function engineOf(runDir: string): string {
  const reader = openRunReader(runDir);
  try {
    return reader.info().engine ?? 'not recorded';
  } finally {
    reader.close();
  }
}

/** A training in a process of its own, with a promise for the line of a step. */
function startTraining(runDir: string, given: object): { child: ChildProcess; step: (n: number) => Promise<void> } {
  const cli = join(packageRoot(), 'dist/cli.mjs');
  const child = spawn(process.execPath, [cli, 'train', '--json', '--run', runDir, ...settings(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    step: async (n) => {
      for (;;) {
        const { done, value } = await lines.next();
        assert.ok(done !== true, `the training ended before step ${n}`);
        if ((JSON.parse(value) as Row)['step'] === n) return;
      }
    },
  };
}

describe('rec-r1 train', () => {
  it('prints a line per step with the promised keys, and last the run and its checkpoint', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    const lines = await train(runDir);
    assert.equal(lines.length, STEPS + 1);
    const keys = ['step', 'reward', 'ndcg', 'kl', 'entropy', 'loss', 'tokensPerSecond', 'stepSeconds'];
    for (const [i, line] of lines.slice(0, -1).entries()) {
      assert.equal(line['step'], i + 1);
      for (const key of keys) assert.ok(Number.isFinite(line[key]), `${key} of step ${i + 1} is ${String(line[key])}`);
    }
    assert.deepEqual(lines.at(-1), { run: runDir, checkpoint: 'step-000004' });
    assert.match(engineOf(runDir), /^embedded: \d+ threads?, (wide|relaxed|plain) kernels/);
  });

  it('gives the same numbers for the same seed, on one thread as on two, and others for another seed', async (test) => {
    const folder = temporaryFolder(test);
    await train(join(folder, 'a'), { threads: 1 });
    await train(join(folder, 'b'), { threads: 2 });
    await train(join(folder, 'c'), { seed: 2 });
    assert.deepEqual(recorded(join(folder, 'a')), recorded(join(folder, 'b')));
    assert.notDeepEqual(recorded(join(folder, 'a')), recorded(join(folder, 'c')));
  });

  for (const [what, given] of [
    ['every weight', {}],
    ['adapters', { 'lora.rank': 8, 'lora.dropout': 0.1, 'checkpoint.keep': 2 }],
  ] as const)
    it(`goes on after Ctrl-C and after a crash as if nothing had happened, training ${what}`, async (test) => {
      const folder = temporaryFolder(test);
      const longer = { ...given, steps: 12 }; // so that a signal after step 3 comes well before the end
      const whole = join(folder, 'whole');
      await train(whole, longer);
      for (const [name, signal] of [
        ['stopped', 'SIGINT'],
        ['killed', 'SIGKILL'],
      ] as const) {
        const runDir = join(folder, name);
        const { child, step } = startTraining(runDir, longer);
        await step(3); // a step after the checkpoint of step 2
        child.kill(signal);
        await once(child, 'close');
        const reader = openRunReader(runDir);
        assert.equal(reader.alive(), false);
        reader.close();
        const resumed = (await recR1Json('resume', runDir)) as Row[];
        assert.deepEqual(resumed.at(-1), { run: runDir, checkpoint: 'step-000012' });
        assert.deepEqual(recorded(runDir), recorded(whole), `${name} and resumed`);
        assert.deepEqual(numbersOf(runDir, 'step-000012'), numbersOf(whole, 'step-000012'), `${name}: every bit`);
        assert.equal(Object.keys(numbersOf(whole, 'step-000012')).length, 2);
        assert.deepEqual(recordedCheckpoints(runDir), readdirSync(join(runDir, 'checkpoints')));
      }
    });

  it('pauses within a second when the run folder says so, then goes on', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    const { child, step } = startTraining(runDir, { steps: 100_000 });
    test.after(() => child.kill('SIGKILL'));
    await step(1);
    assert.equal((await recR1('runs', 'pause', runDir)).status, 0);
    const reader = openRunReader(runDir);
    test.after(() => {
      reader.close();
    });
    await sleep(1000);
    assert.equal(reader.info().state, 'paused');
    const paused = reader.info().step;
    await sleep(1000);
    assert.equal(reader.info().step, paused);
    assert.equal((await recR1('runs', 'continue', runDir)).status, 0);
    await step(paused + 2);
    assert.equal((await recR1('runs', 'stop', runDir)).status, 0);
    await once(child, 'close');
    assert.equal(reader.info().state, 'stopped');
    assert.equal(child.exitCode, 0);
  });

  it('refuses what it cannot do with one sentence, and leaves nothing behind', async (test) => {
    const folder = temporaryFolder(test);
    const cases: [string[], RegExp][] = [
      [['--set', 'rollout.prmpts=2'], /no setting "rollout.prmpts"; did you mean "rollout.prompts"/],
      [['--steps', '0'], /steps is "0"; it must be a whole number from 1/],
      [['--backend', 'cuda'], /backend is "cuda"; choose one of/],
      [['--task', join(folder, 'nowhere')], /nowhere/],
      [['--model', join(folder, 'nowhere')], /nowhere.*does not exist/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await recR1('train', '--run', join(folder, 'run'), ...args);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.equal(stdout, '');
      assert.deepEqual(readdirSync(folder), []);
    }
  });
});

describe('a trained run', () => {
  it('can be evaluated, compared, asked for rewrites and listed, with the promised keys', async (test) => {
    const folder = temporaryFolder(test);
    const runDir = join(folder, 'run');
    await train(runDir);

    const [evaluation] = (await recR1Json('evaluate', '--run', runDir, '--split', 'test')) as [Row];
    assert.equal(evaluation['split'], 'test');
    assert.equal(evaluation['queries'], 6);
    const perQuery = evaluation['perQuery'] as Row[];
    assert.deepEqual(Object.keys(perQuery[0]), ['_id', 'query', 'rewrite', 'format', 'metrics', 'baseline']);
    const ndcg = (rows: Row[], of: string): number =>
      rows.reduce((sum, row) => sum + (row[of] as Record<string, number>)['ndcg@10'], 0) / rows.length;
    for (const of of ['metrics', 'baseline']) {
      const mean = (evaluation[of] as Record<string, number>)['ndcg@10'];
      assert.ok(Math.abs(mean - ndcg(perQuery, of)) < 1e-12);
    }

    const [comparison] = (await recR1Json('compare', '--run', runDir, '--a', 'raw')) as [Row];
    const outcomes = ['wins', 'ties', 'losses'].map((key) => comparison[key] as number);
    assert.equal(
      outcomes.reduce((a, b) => a + b, 0),
      6,
    );

    const across = join(folder, 'other');
    await train(across, { seed: 2 });
    const [other] = (await recR1Json(
      'compare',
      '--a',
      `${runDir}:newest`,
      '--b',
      `${across}:best`,
      '--split',
      'test',
    )) as [Row];
    assert.equal(other['meanA'], (evaluation['metrics'] as Record<string, number>)['ndcg@10']);
    assert.deepEqual(other['settings'], [{ name: 'seed', a: 1, b: 2 }]);
    assert.deepEqual(readdirSync(join(runDir, 'evaluations')), ['step-000004-test.json']); // compare took what evaluate left

    const arms = ['--arm', 'raw', '--checkpoint', 'best', '--arm', `${across}:step-000004`, '--samples', '3'];
    const table = (await recR1Json('evaluate', '--run', runDir, ...arms)) as Row[];
    assert.deepEqual(
      table.map((row) => row['checkpoint']),
      ['step-000004', 'raw', `${across}:step-000004`],
    );
    const means = table[0]['metrics'] as Record<string, number>;
    const [worst, mean, best] = ['worst', 'mean', 'best'].map((of) => means[`ndcg@10 ${of}@3`]);
    assert.ok(worst <= mean && mean <= best, `${worst} ${mean} ${best}`);
    const wrong = await recR1('evaluate', '--run', runDir, '--arm', 'popularty');
    assert.match(wrong.stderr, /no arm "popularty" to evaluate; choose from raw, .*popularity, .*start, /);

    const [answer] = (await recR1Json('rewrite', '--run', runDir, 'a thing to warm my neck')) as [Row];
    assert.equal(answer['query'], 'a thing to warm my neck');
    assert.equal((answer['baselineHits'] as unknown[]).length, 5);

    const [listed] = (await recR1Json('runs', folder)) as [Row];
    assert.equal(listed['state'], 'finished');
    assert.equal(listed['step'], STEPS);
  });

  it('keeps checkpoints that Hugging Face’s layout calls for, and none that is half-written', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    await train(runDir);
    assert.deepEqual(readdirSync(join(runDir, 'checkpoints')), ['step-000000', 'step-000002', 'step-000004']);
    for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
      assert.ok(existsSync(join(runDir, 'checkpoints', 'step-000004', file)), file);
    }
  });

  it('keeps the adapters alone when it trains those, and can be asked all the same', async (test) => {
    const runDir = join(temporaryFolder(test), 'run');
    await train(runDir, { 'lora.rank': 4, 'lora.targets': 'q_proj,v_proj', 'lora.rs': 'on', 'lora.alpha': 8 });
    const dir = join(runDir, 'checkpoints', 'step-000004');
    assert.deepEqual(readdirSync(dir), [
      'adapter_config.json',
      'adapter_model.safetensors',
      'base.json',
      'checksums.json',
      'optimizer.safetensors',
      'trainer.json',
    ]);
    const bytes = readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
    assert.ok(bytes < 200_000, `${bytes} bytes`);
    const [comparison] = (await recR1Json('compare', '--run', runDir)) as [Row];
    const mean = (of: string): number => comparison[of] as number;
    assert.ok(mean('meanB') > mean('meanA') - 0.2, `${mean('meanB')} after ${mean('meanA')}`);
    await recR1Json('rewrite', '--run', runDir, 'a thing to warm my neck');
  });
});
