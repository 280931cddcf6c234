/** @file A real run that is made in seconds, for tests of what people do with runs afterwards. */
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';

/**
 * Trains on the sample with the command line; the run has a checkpoint of the start and one of the end.
 *
 * @param given further settings, as `name=value`.
 */
export async function trainTwoSteps(runDir: string, seed = 1, given: readonly string[] = []): Promise<void> {
  const small = ['rollout.prompts=2', 'rollout.groupSize=2', 'evaluation.limit=20', 'checkpoint.every=2'];
  const settings = [...small, ...given];
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
