/** @file Files that appear whole or not at all. */
import { open, rename, rm } from 'node:fs/promises';
import { UserError } from './errors.ts';
import { diskFullSentence, isDiskFull } from './full-disk.ts';

/**
 * Writes beside the target, flushes to disk, then renames: a reader sees the old file or the new one, never a part. Content
 * that comes in pieces is written as it comes; when it throws, nothing is left.
 *
 * @throws UserError when the disk is full.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (!isDiskFull(error)) throw error;
    throw new UserError(diskFullSentence(path, error), { cause: error });
  }
}

/** Makes what was renamed or made in a folder survive a power cut. Windows needs no such thing and refuses it. */
export async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
