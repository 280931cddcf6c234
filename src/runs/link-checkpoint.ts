/** @file The same checkpoint in another run, without its bytes twice where the disk can do that. */
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../base/atomic-file.ts';
import { checkpointDir } from './checkpoint.ts';

/** Files of a checkpoint are never changed, so that two runs may share them; where that is refused they are copied. */
export async function linkCheckpoint(fromRun: string, toRun: string, name: string): Promise<void> {
  const [source, target] = [checkpointDir(fromRun, name), checkpointDir(toRun, name)];
  const temporary = `${target}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  for (const file of await readdir(source)) await linkOrCopy(join(source, file), join(temporary, file));
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  await syncFolder(join(toRun, 'checkpoints'));
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    // Another disk, or a file system that knows no links.
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(source, target);
  }
}
