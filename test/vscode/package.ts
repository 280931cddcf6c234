/**
 * @file The .vsix of a built extension.
 */
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';

/**
 * Packages an extension folder as `npm run package` does and returns the file's path. The folder must be built.
 *
 * @throws with vsce's own words when the manifest is wrong or a file it names is not there.
 */
export async function packageExtension(vsix: string, folder = packageRoot()): Promise<string> {
  const vsce = join(packageRoot(), 'node_modules', '@vscode', 'vsce', 'vsce');
  await runCommandLine(
    process.execPath,
    [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix],
    {
      cwd: folder,
    },
  );
  return vsix;
}
