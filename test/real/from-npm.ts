/** @file Packages that tests and benchmarks compare with, in the user's cache folder: no dependencies of the project. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../vscode/commands.ts';

/** Installs packages on first use, without their scripts and optional dependencies; what requires modules from among them. */
export async function fromNpm(name: string, packages: readonly string[]): Promise<NodeJS.Require> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'rec-r1-test', name);
  if (!existsSync(folder)) await fill(folder, packages);
  return createRequire(join(folder, 'package.json'));
}

/** The folder is whole or absent: it is filled under another name and renamed at the end. */
async function fill(folder: string, packages: readonly string[]): Promise<void> {
  console.error(`Installing ${packages.join(', ')} from npm into ${folder} ...`);
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'package.json'), '{ "private": true }');
  const quiet = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await runCommandLine('npm', ['install', ...quiet, ...packages], { cwd: partial });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
