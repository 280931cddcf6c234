/**
 * @file Packages that may be absent: found beside this bundle, as an optional dependency, or in the folder that
 * `rec-r1 install-backend` and the editor's command install into.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NATIVE_FOLDER } from '../base/environment.ts';
import { messageOf } from '../base/errors.ts';

/** Where native engines are installed and looked for; it may not exist. */
export function nativeFolder(): string {
  return process.env[NATIVE_FOLDER] ?? join(homedir(), '.rec-r1', 'native');
}

export interface OptionalPackage {
  readonly exports: unknown;
  /** The package's own folder. */
  readonly dir: string;
}

/** Loads a package. @throws Error that says whether it is absent or does not load, and from where. */
export async function importOptional(name: string): Promise<OptionalPackage> {
  const dir = packageFolders(name).find((folder) => existsSync(folder));
  if (dir === undefined) throw new Error(`${name} is not installed`);
  try {
    const entry = createRequire(join(dir, 'package.json')).resolve(dir);
    return { exports: await import(pathToFileURL(entry).href), dir };
  } catch (error) {
    throw new Error(`${name} in ${dir} does not load: ${messageOf(error)}`, { cause: error });
  }
}

/** Every place where Node would look from here, then the folder of native engines. */
function packageFolders(name: string): string[] {
  const beside = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return [...beside, join(nativeFolder(), 'node_modules')].map((folder) => join(folder, name));
}
