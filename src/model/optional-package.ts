/**
 * @file Packages of tensor engines that may be absent. Each engine has a folder where `rec-r1 install-backend` and the editor's
 * command install it; an optional dependency beside this bundle is the second choice, since it may lack its library.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from '../base/cache-folder.ts';
import { NATIVE_FOLDER } from '../base/environment.ts';
import { messageOf } from '../base/errors.ts';

/** Where an engine is installed and looked for; it may not exist. */
export function engineFolder(engine: string): string {
  return join(process.env[NATIVE_FOLDER] || join(cacheFolder(), 'native'), engine);
}

export interface OptionalPackage {
  readonly exports: unknown;
  /** The package's own folder. */
  readonly dir: string;
}

/** Loads a package of an engine. @throws Error that says whether it is absent or does not load, and from where. */
export async function importOptional(name: string, engine: string): Promise<OptionalPackage> {
  const dir = packageFolders(name, engine).find((folder) => existsSync(folder));
  if (dir === undefined) throw new Error(`${name} is not installed`);
  try {
    const entry = createRequire(join(dir, 'package.json')).resolve(dir);
    return { exports: await import(pathToFileURL(entry).href), dir };
  } catch (error) {
    throw new Error(`${name} in ${dir} does not load: ${messageOf(error)}`, { cause: error });
  }
}

/** The engine's folder, then every place where Node would look from here. */
function packageFolders(name: string, engine: string): string[] {
  const beside = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return [join(engineFolder(engine), 'node_modules'), ...beside].map((folder) => join(folder, name));
}
