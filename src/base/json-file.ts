/** @file JSON files with errors that name the file. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from './errors.ts';

/** @throws UserError when the file is missing or is not JSON. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The latter where something on the way is a file, as when a model's file is given for its folder.
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(`${path} does not exist.`);
    throw error;
  }
  return parseJson(text, path);
}

/** @throws UserError when what was read from `path` is not JSON. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${messageOf(error)}`);
  }
}
