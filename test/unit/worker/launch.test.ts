import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { executableOf, launchTraining, logTail, nodeEnvironment } from '../../../src/worker/launch.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const here = packageRoot();

describe('launching a training', () => {
  it('runs this process’s own executable as Node unless another is named', () => {
    assert.equal(nodeEnvironment().ELECTRON_RUN_AS_NODE, '1');
    assert.equal(nodeEnvironment().PATH, process.env.PATH, 'an environment from scratch would lose the person’s own');
    assert.equal(executableOf({ script: 'x', workingDir: here }), process.execPath);
    assert.equal(executableOf({ script: 'x', workingDir: here, nodePath: process.execPath }), process.execPath);
  });

  it('hands the order over and keeps what the process writes in the run’s log', async (t) => {
    const root = temporaryFolder(t);
    const script = join(root, 'script.mjs');
    writeFileSync(script, 'console.log(process.argv[2], process.env.ELECTRON_RUN_AS_NODE); console.error("sorry");');
    const runDir = join(root, 'runs', 'a');
    const order = { kind: 'train', runDir, config: { steps: 3 }, source: 'test' } as const;
    const { ended } = launchTraining(order, { script, workingDir: root });
    assert.equal(await ended, null);
    assert.equal(logTail(runDir), `${JSON.stringify(order)} 1\nsorry\n`);
  });

  it('says how the process ended', async (t) => {
    const root = temporaryFolder(t);
    const script = join(root, 'script.mjs');
    writeFileSync(script, 'process.exit(3);');
    const failed = launchTraining({ kind: 'resume', runDir: join(root, 'a') }, { script, workingDir: root });
    assert.equal(await failed.ended, 'The training process ended with exit code 3.');
    const gone = { script, workingDir: join(root, 'missing') };
    const unstarted = launchTraining({ kind: 'resume', runDir: join(root, 'b') }, gone);
    assert.match((await unstarted.ended) ?? '', /The training process did not start: .*ENOENT/);
  });

  it('shows the end of a long log from the beginning of a line', (t) => {
    const dir = join(temporaryFolder(t), 'run');
    assert.equal(logTail(dir), '');
    mkdirSync(dir);
    writeFileSync(join(dir, 'worker.log'), 'first line\nsecond line\nthird\n');
    assert.equal(logTail(dir, 14), 'third\n');
    assert.equal(logTail(dir), 'first line\nsecond line\nthird\n');
  });
});
