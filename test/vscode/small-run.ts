/** @file A real run that is made in seconds, for tests of what people do with runs afterwards. */
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';

/** Trains on the sample with the command line; the run has a checkpoint of the start and one of the end. */
export async function trainTwoSteps(runDir: string, seed = 1): Promise<void> {
  const settings = ['rollout.prompts=2', 'rollout.groupSize=2', 'evaluation.limit=20', 'checkpoint.every=2'];
  const sets = settings.flatMap((setting) => ['--set', setting]);
  const cli = join(packageRoot(), 'dist/cli.mjs');
  await runCommandLine(process.execPath, [
    cli,
    'train',
    '--steps',
    '2',
    '--seed',
    String(seed),
    '--run',
    runDir,
    ...sets,
  ]);
}
