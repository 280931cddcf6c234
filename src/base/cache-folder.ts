/** @file Where files are kept that can be made again. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CACHE_FOLDER } from './environment.ts';

/** The folder of the user's choice, or one of ours where the platform keeps such files. It may not exist yet. */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  return environment[CACHE_FOLDER] || join(platformFolder(environment, platform, home), 'rec-r1');
}

/** By the XDG Base Directory Specification, which has relative paths ignored, and by the habits of macOS and Windows. */
function platformFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  const xdg = environment['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return xdg;
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return environment['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  return join(home, '.cache');
}
