/** @file `rec-r1 import` as a process: its help, its summary, and what it leaves behind when it is ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { TASK_FORMATS } from '../../../src/data/open-task.ts';
import { recR1, recR1Json } from '../../fixtures/command-line.ts';
import { dataFolder } from '../../fixtures/data-folder.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const esci = join(packageRoot(), 'test/fixtures/esci');

describe('rec-r1 import', () => {
  it('names every layout in its help', async () => {
    const { stdout } = await recR1('import', '--help');
    for (const name of TASK_FORMATS) assert.match(stdout, new RegExp(`\n  ${name} +\\S`));
  });

  it('finds a layout out by itself and sums up what was left out', async (test) => {
    const out = join(temporaryFolder(test), 'esci');
    const { stdout } = await recR1(
      'import',
      '--from',
      esci,
      '--out',
      out,
      '--grades',
      'E=3,S=2,C=1',
      '--size',
      'large',
    );
    assert.match(stdout, /^.*esci: 4 documents, \d train, \d validation, 1 test\n/);
    assert.match(stdout, /Products left out because they are of other locales: 3 \(es 2, jp 1\)\./);
    const [summary] = await recR1Json('import', '--from', out, '--out', join(out, 'again'));
    assert.equal((summary as { documents: number }).documents, 4);
  });

  it('refuses options that mean nothing to the layout', async (test) => {
    const dir = temporaryFolder(test);
    const run = (...options: string[]): ReturnType<typeof recR1> =>
      recR1('import', '--from', esci, '--out', join(dir, 'x'), ...options);
    assert.match((await run('--setting', 'inductive')).stderr, /read as esci, to which setting means nothing/);
    assert.match((await run('--labels', 'E', '--grades', 'E=1')).stderr, /say the same; give one of them/);
    assert.match((await run('--size', 'medium')).stderr, /--size is "medium"; it must be small, large/);
    assert.deepEqual(readdirSync(dir), []);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves nothing behind when it is ended by ${signal}`, async (test) => {
      const from = dataFolder(test, { 'queries.jsonl': '{"_id":"q","text":"x"}\n', 'qrels.tsv': 'q\td0\t1\n' });
      await writeCorpus(join(from, 'corpus.jsonl'), 600_000);
      const parent = temporaryFolder(test);
      const child = spawn(
        process.execPath,
        [join(packageRoot(), 'dist/cli.mjs'), 'import', '--from', from, '--out', join(parent, 'task')],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const [stderr, exit] = [text(child.stderr), once(child, 'exit') as Promise<[number | null, string | null]>];
      await waitFor(() => readdirSync(parent).some((name) => statSync(join(parent, name, 'corpus.jsonl')).size > 0));
      child.kill(signal);
      assert.deepEqual(await exit, [null, signal]);
      assert.deepEqual(readdirSync(parent), []);
      assert.equal(await stderr, '');
    });
  }
});

async function writeCorpus(path: string, documents: number): Promise<void> {
  const file = createWriteStream(path);
  for (let i = 0; i < documents; i++) {
    if (!file.write(`{"_id":"d${i}","title":"t","text":"${'x'.repeat(100)}"}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

async function waitFor(isThere: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      if (isThere()) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail('nothing was written');
}
