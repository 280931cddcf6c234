/**
 * @file The .vsix of the built extension.
 */
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';

/** The one without pictures. */
const README = ['--readme-path', 'dist/README.md'] as const;

/**
 * Packages the extension as `npm run package` does and returns the file's path. The project must be built.
 *
 * @throws with vsce's own words when the manifest is wrong or a file it names is not there.
 */
export async function packageExtension(vsix: string): Promise<string> {
  await vsce(
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    ...README,
    '--out',
    vsix,
  );
  return vsix;
}

/** The files that a package would hold, relative to the project. */
export async function packagedFiles(): Promise<readonly string[]> {
  const printed = await vsce('ls', '--no-dependencies', ...README);
  return printed.split('\n').filter((line) => line !== '');
}

async function vsce(...args: readonly string[]): Promise<string> {
  const script = join(packageRoot(), 'node_modules', '@vscode', 'vsce', 'vsce');
  return runCommandLine(process.execPath, [script, ...args], { cwd: packageRoot() });
}
