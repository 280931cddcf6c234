/** @file Where files are kept that can be made again. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CACHE_FOLDER } from './environment.ts';
import { UserError } from './errors.ts';

/**
 * The folder of the user's choice, or one of ours where the platform keeps such files. It may not exist yet.
 *
 * @throws UserError when there is no choice and the user has no home, as where a container runs a user whom it does not know.
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: () => string = homeFolder,
): string {
  return environment[CACHE_FOLDER] || join(platformFolder(environment, platform, home), 'rec-r1');
}

/** By the XDG Base Directory Specification, which has relative paths ignored, and by the habits of macOS and Windows. */
function platformFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: () => string,
): string {
  const xdg = environment['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return xdg;
  if (platform === 'darwin') return join(home(), 'Library', 'Caches');
  if (platform === 'win32') return environment['LOCALAPPDATA'] || join(home(), 'AppData', 'Local');
  return join(home(), '.cache');
}

function homeFolder(): string {
  try {
    return homedir();
  } catch (error) {
    const problem = `The user of this process has no home folder; set HOME, or ${CACHE_FOLDER} to a folder of your choice.`;
    throw new UserError(problem, { cause: error });
  }
}
