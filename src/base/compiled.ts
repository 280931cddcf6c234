/** @file Compiled code of earlier processes, kept in the user's cache folder: a third of the time until a worker answers is compiling. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { UserError } from './errors.ts';

/** Until a process has run what it is asked most, which is then kept as well. */
const SETTLED_MILLIS = 5000;

/**
 * Takes what is imported from now on from the kept, and keeps it when the process has settled or ends by itself. A folder that
 * cannot be written is no error: then everything is compiled anew.
 */
export function keepCompiled(): void {
  enableCompileCache(folder());
  setTimeout(flushCompileCache, SETTLED_MILLIS).unref(); // a process that is killed keeps nothing by itself
}

/** Of a user without a home, where Node would keep it: a folder for temporary files. */
function folder(): string | undefined {
  try {
    return join(cacheFolder(), 'compiled');
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
