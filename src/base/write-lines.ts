/** @file Text files written line by line, with no more of them in memory than one block. */
import { open } from 'node:fs/promises';
import { UserError } from './errors.ts';
import { diskFullSentence, isDiskFull } from './full-disk.ts';

/** Adds one line. The promise, where there is one, is to be awaited: the disk is behind. */
export type WriteLine = (line: string) => Promise<void> | undefined;

const BLOCK_LENGTH = 1 << 20;

/**
 * Writes a new file; `fill` hands over its lines, without their line feeds, and its result is given back when they are on the
 * disk.
 *
 * @throws whatever `fill` throws; the file is closed then, and what was written of it stays.
 */
export async function writeLines<T>(path: string, fill: (write: WriteLine) => Promise<T>): Promise<T> {
  const file = await open(path, 'wx');
  try {
    let block: string[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      const text = block.join('');
      block = [];
      length = 0;
      await file.writeFile(text);
    };
    const result = await fill((line) => {
      block.push(line, '\n');
      length += line.length + 1;
      return length < BLOCK_LENGTH ? undefined : flush();
    });
    await flush();
    await file.sync();
    return result;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new UserError(diskFullSentence(path, error), { cause: error });
  } finally {
    await file.close();
  }
}
