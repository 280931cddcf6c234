/** @file A training whose disk takes no more: a limit that only shows in the write, and a small disk that is really full. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { requestControl } from '../../../src/runs/control.ts';
import { recR1 } from '../../fixtures/command-line.ts';
import { openRunReader } from '../../../src/runs/reader.ts';
import { reaches, recorded, settings, train } from '../../fixtures/small-training.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const CLI = join(packageRoot(), 'dist/cli.mjs');
/** More than the run's database has, and less than the weights of a checkpoint. */
const SMALL_FILES = 3_000_000;
/** Room for two checkpoints and what the training wants to be free besides. */
const SMALL_DISK = '100m';

/** Sets how large a file a process may write: its soft limit alone, which may be raised again. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

function guardsOf(runDir: string): string[] {
  const reader = openRunReader(runDir);
  try {
    return reader.eventsAfter(0).flatMap((event) => (event.kind === 'guard' ? [event.guard] : []));
  } finally {
    reader.close();
  }
}

const checkpointsIn = (runDir: string): string[] => readdirSync(join(runDir, 'checkpoints'));

describe('a training whose checkpoint cannot be written', () => {
  it('pauses with the reason and its state in memory, and goes on as if nothing had been when it can', async (test) => {
    const folder = temporaryFolder(test);
    const [whole, runDir] = [join(folder, 'whole'), join(folder, 'run')];
    await train(whole);
    const child = spawn(process.execPath, [CLI, 'train', '--run', runDir, ...settings({})], { stdio: 'ignore' });
    test.after(() => child.kill('SIGKILL'));
    const closed = once(child, 'close');
    await reaches(runDir, () => checkpointsIn(runDir).includes('step-000000'));
    limitFiles(child.pid!, SMALL_FILES);
    const { message, step } = await reaches(runDir, ({ state }) => state === 'paused');
    assert.match(message ?? '', /model\.safetensors cannot be written, for the disk takes no more \(EFBIG: .*\); free some space, then let the run go on\.$/); // prettier-ignore
    assert.ok(step >= 1);
    assert.deepEqual(checkpointsIn(runDir), ['step-000000'], 'nothing half-written is left');
    limitFiles(child.pid!, 'unlimited');
    requestControl(runDir, 'run');
    const [status] = (await closed) as [number];
    assert.equal(status, 0);
    assert.deepEqual(recorded(runDir), recorded(whole));
    assert.deepEqual(checkpointsIn(runDir), checkpointsIn(whole));
    assert.deepEqual(guardsOf(runDir), ['disk']);
  });
});

/** Runs a script of the shell where `dir` is a disk of its own; null where users may not make one. */
function onSmallDisk(dir: string, script: string): { stdout: string; status: number | null } | null {
  const own = (command: string): string[] => ['-Urm', 'sh', '-c', command];
  const mount = `mount -t tmpfs -o size=${SMALL_DISK} none '${dir}'`;
  if (spawnSync('unshare', own(mount)).status !== 0) return null;
  return spawnSync('unshare', own(`${mount} && ${script}`), { encoding: 'utf8' });
}

describe('a training on a disk that another program fills to the last byte', () => {
  it('ends with one sentence, keeps what it recorded, and resumes from it with the same numbers', async (test) => {
    const folder = temporaryFolder(test);
    const [whole, disk, after] = ['whole', 'disk', 'after'].map((name) => join(folder, name));
    const given = { steps: 30, 'checkpoint.every': 100, 'evaluation.every': 100 }; // so that a step is what has no room
    await train(whole, given);
    mkdirSync(disk);
    const recR1Here = `'${process.execPath}' '${CLI}'`;
    const ran = onSmallDisk(
      disk,
      `cd '${disk}'
      ${recR1Here} train --json --run run ${settings(given).join(' ')} > '${folder}/out' 2> '${folder}/errors' &
      until grep -q '"step":1' '${folder}/out'; do sleep 0.02; done
      cat /dev/zero > filler 2> '${folder}/filled'
      wait $!; echo "ended with $?"
      cp -r run '${folder}/full'
      rm filler
      ${recR1Here} resume run > /dev/null && cp -r run '${after}'`,
    );
    if (!ran) {
      test.skip('this system lets users mount nothing (unshare -Urm), so no disk can be filled');
      return;
    }
    assert.match(ran.stdout, /^ended with 1$/m);
    assert.equal(ran.status, 0, 'it resumed');
    const errors = readFileSync(join(folder, 'errors'), 'utf8').trim();
    assert.match(errors, /Step \d+ was not recorded, everything before it is safe: .*: the disk is full; free some space and resume the run \(.*\)\.$/); // prettier-ignore
    assert.deepEqual(checkpointsIn(join(folder, 'full')), ['step-000000']);
    assert.deepEqual(recorded(after), recorded(whole));
    assert.deepEqual(checkpointsIn(after), checkpointsIn(whole));
  });

  it('pauses before a checkpoint that would not fit, says how much is missing, and can be stopped there', async (test) => {
    const folder = temporaryFolder(test);
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const recR1Here = `'${process.execPath}' '${CLI}'`;
    const ran = onSmallDisk(
      disk,
      `cd '${disk}'
      ${recR1Here} train --run run ${settings({}).join(' ')} > '${folder}/out' 2> '${folder}/errors' &
      until test -d run/checkpoints/step-000000; do sleep 0.02; done
      head -c 50000000 /dev/zero > filler
      until grep -q 'paused: The disk of run has' '${folder}/out'; do sleep 0.05; done
      ${recR1Here} runs stop run > /dev/null
      wait $!; echo "ended with $?"
      cp -r run '${folder}/stopped'`,
    );
    if (!ran) {
      test.skip('this system lets users mount nothing (unshare -Urm), so no disk can be filled');
      return;
    }
    assert.match(ran.stdout, /^ended with 0$/m);
    const stopped = join(folder, 'stopped');
    assert.match(readFileSync(join(folder, 'out'), 'utf8'), /Guard "disk" in step \d: The disk of run has \d+ MB free and a checkpoint takes 63 MB; free some space/); // prettier-ignore
    assert.deepEqual(guardsOf(stopped)[0], 'disk');
    assert.deepEqual(checkpointsIn(stopped), ['step-000000']);
    const again = join(folder, 'again');
    cpSync(stopped, again, { recursive: true });
    assert.equal((await recR1('resume', again)).status, 0);
    const whole = join(folder, 'whole');
    await train(whole);
    assert.deepEqual(recorded(again), recorded(whole));
  });
});
