/** @file Whether the files of a folder are still as they were written: their sizes and SHA-256 in a file beside them. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { isRow } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { sha256OfFile } from '../base/file-hash.ts';
import { readJson } from '../base/json-file.ts';

export const CHECKSUMS_FILE = 'checksums.json';

/** Of every file that the folder holds now. */
export async function writeChecksums(dir: string): Promise<void> {
  const files: Record<string, { sizeBytes: number; sha256: string }> = {};
  for (const name of (await readdir(dir)).sort()) {
    const path = join(dir, name);
    files[name] = { sizeBytes: (await stat(path)).size, sha256: await sha256OfFile(path) };
  }
  await writeFileAtomic(join(dir, CHECKSUMS_FILE), `${JSON.stringify({ files }, null, 2)}\n`);
}

/**
 * What is wrong with a folder, as the end of a sentence; undefined when all is as it was written.
 *
 * @param concerns which files are looked at: reading gigabytes takes seconds.
 */
export async function findDamage(
  dir: string,
  concerns: (file: string) => boolean = () => true,
): Promise<string | undefined> {
  const files = await recordedFiles(dir);
  if (!files) return `it has no sound ${CHECKSUMS_FILE}`;
  for (const [name, expected] of Object.entries(files)) {
    const path = join(dir, name);
    if (!existsSync(path)) return `${name} is missing`;
    if (!concerns(name)) continue;
    const { sizeBytes, sha256 } = isRow(expected) ? expected : {};
    if ((await stat(path)).size !== sizeBytes || (await sha256OfFile(path)) !== sha256) {
      return `${name} is not as it was written`;
    }
  }
  return undefined;
}

async function recordedFiles(dir: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const recorded = await readJson(join(dir, CHECKSUMS_FILE));
    return isRow(recorded) && isRow(recorded.files) ? recorded.files : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined; // missing, or no JSON
    throw error;
  }
}
