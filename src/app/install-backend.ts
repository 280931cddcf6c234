/**
 * @file Installs a tensor engine that is no part of the package, with the user's npm, into a folder of the user's.
 *
 * The engine's folder appears whole: npm works in a folder beside it, which is renamed at the end and removed when anything
 * goes wrong.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.ts';
import { selectBackend, tensorflowJs } from '../model/backend.ts';
import { engineFolder } from '../model/optional-package.ts';
import { explainNpm, findNpm, NpmError, runNpm } from './npm.ts';

export const INSTALLABLE = ['node-gpu', 'node', 'webgpu'] as const;
export type Installable = (typeof INSTALLABLE)[number];

export interface InstallOptions {
  readonly signal: AbortSignal;
  /** What happens, line by line. */
  readonly report: (line: string) => void;
}

export interface Installation {
  readonly backend: Installable;
  readonly dir: string;
  /** What it runs on. */
  readonly description: string;
}

interface Recipe {
  readonly packages: readonly string[];
  /** The package whose install script gets its native library. */
  readonly script?: string;
  /** `platform-architecture` for which there is a library. */
  readonly platforms: readonly string[];
}

const RECIPES: Readonly<Record<Installable, Recipe>> = {
  'node-gpu': {
    packages: [`@tensorflow/tfjs-node-gpu@${tensorflowJs}`],
    script: '@tensorflow/tfjs-node-gpu',
    platforms: ['linux-x64', 'win32-x64'],
  },
  node: {
    packages: [`@tensorflow/tfjs-node@${tensorflowJs}`],
    script: '@tensorflow/tfjs-node',
    platforms: ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'],
  },
  webgpu: {
    packages: ['webgpu@0.6.2', `@tensorflow/tfjs-backend-webgpu@${tensorflowJs}`],
    platforms: ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'],
  },
};

/**
 * Installs an engine, in place of an older installation, and starts it in this process.
 *
 * @throws UserError where the platform has no build, npm is missing, the installation fails, or the engine does not start;
 * the signal's reason when it was aborted. Only an engine that was installed but does not start stays.
 */
export async function installBackend(backend: Installable, options: InstallOptions): Promise<Installation> {
  requirePlatform(backend, `${process.platform}-${process.arch}`);
  const dir = engineFolder(backend);
  await installInto(dir, backend, findNpm(), options);
  options.report(`${dir} is complete; starting the engine`);
  try {
    return { backend, dir, description: (await selectBackend(backend)).description };
  } catch (error) {
    throw new UserError(`${dir} was installed whole, but does not start here. ${messageOf(error)}`, { cause: error });
  }
}

/** @throws UserError where nobody builds the engine's library for the platform. */
export function requirePlatform(backend: Installable, platform: string): void {
  const { platforms } = RECIPES[backend];
  if (platforms.includes(platform)) return;
  throw new UserError(
    `The tensor engine "${backend}" has no build for ${platform}, only for ${platforms.join(', ')}; ` +
      'the embedded engine runs everywhere.',
  );
}

async function installInto(dir: string, backend: Installable, npm: string, options: InstallOptions): Promise<void> {
  const partial = `${dir}.partial-${process.pid}`;
  const discard = (): void => {
    for (const path of [partial, oldOf(partial)]) {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 }); // what was killed may still be writing
    }
  };
  const ended = new AbortController();
  const end = (): void => {
    ended.abort(options.signal.reason);
    discard(); // at once: the process may be ending
  };
  options.signal.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  removeLeftovers(dir);
  try {
    await build(partial, RECIPES[backend], npm, { ...options, signal: ended.signal });
    await replace(dir, partial);
  } catch (error) {
    if (!(error instanceof NpmError)) throw error;
    throw new UserError(`The tensor engine "${backend}" could not be installed: ${explainNpm(error.lines)}.`, {
      cause: error,
    });
  } finally {
    options.signal.removeEventListener('abort', end);
    process.off('exit', end);
    discard();
  }
}

/**
 * The packages first, then the one script that is needed, by its name: npm lets no script of a dependency run unless the
 * user has allowed it, and the others have no business here.
 */
async function build(partial: string, recipe: Recipe, npm: string, options: InstallOptions): Promise<void> {
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
  const install = ['install', '--prefix=.', '--ignore-scripts', '--no-audit', '--no-fund', ...recipe.packages];
  await runNpm(npm, install, { ...options, cwd: partial });
  if (recipe.script === undefined) return;
  const cwd = join(partial, 'node_modules', recipe.script);
  await runNpm(npm, ['run', 'install', '--prefix=.'], { ...options, cwd });
}

async function replace(dir: string, partial: string): Promise<void> {
  if (existsSync(dir)) {
    await rename(dir, oldOf(partial)).catch((error: unknown) => {
      throw new UserError(`${dir} is in use (${messageOf(error)}); end the trainings that use it, then try again.`);
    });
  }
  await rename(partial, dir);
}

function oldOf(partial: string): string {
  return `${partial}.old`;
}

/** Of installations whose process was killed. */
function removeLeftovers(dir: string): void {
  if (!existsSync(dirname(dir))) return;
  for (const name of readdirSync(dirname(dir))) {
    const [, engine, pid] = /^(.+)\.partial-(\d+)(?:\.old)?$/.exec(name) ?? [];
    if (engine === basename(dir) && !isAlive(Number(pid))) rmSync(join(dirname(dir), name), { recursive: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
