/**
 * @file Pyserini itself, from PyPI and with a Java machine, serving Rec-R1's HTTP contract for a test.
 *
 * It is installed once, without its dense half's gigabytes, into the user's cache folder: 140 MB to download, 320 MB on the
 * disk, about ten seconds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { documentText } from '../../src/data/document-text.ts';
import type { Document } from '../../src/data/task.ts';
import type { Bm25Params } from '../../src/retrieval/bm25/bm25.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { runCommandLine } from '../vscode/commands.ts';
import { canInstall, installPackages } from '../vscode/debian.ts';

/** The last release whose Lucene half needs no more than this. Its jar is Anserini 0.24 with Lucene 9.8. */
const PYSERINI = 'pyserini==0.24.0';
const NEEDED = ['pyjnius>=1.6,<2', 'pandas<3', 'tqdm'];

/**
 * The URL of a Pyserini that searches the documents. Skips the test where it cannot be had; in continuous integration that
 * is an error.
 */
export async function servePyserini(
  test: TestContext,
  documents: readonly Document[],
  { k1, b }: Bm25Params,
): Promise<string | undefined> {
  const installed = await installOrSkip(test);
  if (!installed) return undefined;
  const corpus = join(temporaryFolder(test), 'corpus');
  mkdirSync(corpus);
  const lines = documents.map((document) => JSON.stringify({ id: document.id, contents: documentText(document) }));
  writeFileSync(join(corpus, 'corpus.jsonl'), lines.map((line) => `${line}\n`).join(''));
  const program = join(packageRoot(), 'test/real/pyserini-server.py');
  const server = spawn(installed.python, [program, installed.packages, corpus, String(k1), String(b)], {
    stdio: 'pipe',
  });
  test.after(() => server.kill('SIGKILL'));
  let log = '';
  const port = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      const found = /^PORT (\d+)$/m.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    void once(server, 'exit').then(() => {
      reject(new Error(`Pyserini did not start:\n${log}`));
    });
  });
  return `http://127.0.0.1:${await port}/`;
}

interface Installed {
  readonly python: string;
  /** The folder with the packages. */
  readonly packages: string;
}

async function installOrSkip(test: TestContext): Promise<Installed | undefined> {
  try {
    return await install();
  } catch (error) {
    if (process.env['CI']) throw error;
    test.skip(`needs Python, Java and PyPI: ${messageOf(error).split('\n')[0]}`);
    return undefined;
  }
}

async function install(): Promise<Installed> {
  await ensure('python3', ['--version'], 'python3');
  await ensure('python3', ['-m', 'pip', '--version'], 'python3-pip');
  await ensure('java', ['-version'], 'default-jre-headless');
  // The program itself: `python3` may be a script of a version manager with work of its own after each installation.
  const about = 'import sys; print(sys.executable, sys.implementation.cache_tag, sep="\\n")';
  const [python, version] = (await runCommandLine('python3', ['-c', about])).trim().split('\n');
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const packages = join(cache, 'rec-r1-test', `pyserini-0.24.0-${version}`);
  if (!existsSync(packages)) await fill(packages, python);
  return { python, packages };
}

/** The folder is whole or absent: it is filled under another name and renamed at the end. */
async function fill(packages: string, python: string): Promise<void> {
  console.error(`Installing Pyserini from PyPI into ${packages} ...`);
  const partial = `${packages}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary',
    ':all:',
    '--target',
    partial,
  ];
  try {
    await runCommandLine(python, [...pip, ...NEEDED]);
    await runCommandLine(python, [...pip, '--no-deps', PYSERINI]);
    await rename(partial, packages);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Installs Debian's package when a command does not run. */
async function ensure(program: string, args: readonly string[], debianPackage: string): Promise<void> {
  try {
    await runCommandLine(program, args);
  } catch (error) {
    if (!canInstall()) throw error;
    await installPackages(debianPackage);
  }
}
