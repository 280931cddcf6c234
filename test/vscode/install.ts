/**
 * @file A real VS Code for tests, from the npm registry alone.
 *
 * The editor's own download site is often out of reach (offline machines, CI behind a registry mirror). The package
 * `code-server` carries VS Code's own server and web workbench, so the window a browser shows is VS Code itself.
 * It is unpacked and not installed as a dependency: its install script compiles for ten minutes and refuses every Node but
 * its own. The few native modules that would need a compiler are replaced (native-stand-ins.ts); all others ship built.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';
import { writeNativeStandIns } from './native-stand-ins.ts';

/** The release of code-server: 4.x.y carries VS Code 1.x.y and runs on Node 24. */
const CODE_SERVER_VERSION = '4.139.1';

/** Dependencies of the server that only AI agents, Windows or proxy log-ins use: half of the download. */
const NEEDLESS_DEPENDENCIES = [
  '@devcontainers/cli',
  '@github/copilot-sdk',
  '@microsoft/mxc-sdk',
  '@vscode/copilot-api',
  '@vscode/sandbox-runtime',
  '@vscode/sqlite3',
  '@vscode/windows-process-tree',
  '@vscode/windows-registry',
  'katex',
  'kerberos',
  'ssh2',
  'zod',
];

/** Built-in extensions that want a network or an account; each would log errors into the window under test. */
const NEEDLESS_EXTENSIONS = ['copilot', 'mermaid-markdown-features', 'microsoft-authentication'];

export interface VsCodeServer {
  /** The Node that runs it, version 24 or later. */
  readonly node: string;
  /** Its entry: `node main --port ...` serves, `node main --install-extension ...` installs. */
  readonly main: string;
  /** VS Code's version, as in `1.139.1`. */
  readonly version: string;
}

/**
 * VS Code's server, installed on the first call and found again later.
 *
 * The folder is whole or absent: it is filled under another name and renamed at the end. Takes about ten seconds and 360 MB.
 *
 * @throws when npm cannot fetch the packages or the server does not start.
 */
export async function installServer(): Promise<VsCodeServer> {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    throw new Error(
      `VS Code's server needs Node 24, this is ${process.version}: start through npm, whose scripts use the project's own.`,
    );
  }
  const home = join(packageRoot(), '.vscode-test-server');
  const dir = join(home, CODE_SERVER_VERSION);
  if (!existsSync(dir)) await installInto(home, dir);
  const version = await readFile(join(dir, 'version'), 'utf8');
  return { node: process.execPath, main: serverMain(dir), version };
}

async function installInto(home: string, dir: string): Promise<void> {
  console.error(`Installing VS Code's server (code-server ${CODE_SERVER_VERSION}) from npm into ${dir} ...`);
  const partial = `${dir}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await unpack(`code-server@${CODE_SERVER_VERSION}`, 'package/lib/vscode', partial);
    await installDependencies(vscodeFolder(partial));
    await writeNativeStandIns(join(vscodeFolder(partial), 'node_modules'));
    for (const extension of NEEDLESS_EXTENSIONS) {
      await rm(join(vscodeFolder(partial), 'extensions', extension), { recursive: true, force: true });
    }
    await writeFile(join(partial, 'version'), await startedVersion(partial));
    await rm(join(partial, 'data'), { recursive: true, force: true });
    await renameUnlessThere(partial, dir);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  console.error(`Installed VS Code ${await readFile(join(dir, 'version'), 'utf8')} in ${home}.`);
}

const vscodeFolder = (dir: string): string => join(dir, 'package', 'lib', 'vscode');
const serverMain = (dir: string): string => join(vscodeFolder(dir), 'out', 'server-main.js');

async function unpack(spec: string, member: string, into: string): Promise<void> {
  const printed = await npm(['pack', spec], into);
  const archive = printed.trim().split('\n').at(-1)!;
  await runCommandLine('tar', ['xzf', archive, member], { cwd: into });
  await rm(join(into, archive));
}

async function installDependencies(folder: string): Promise<void> {
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { dependencies: Record<string, string> };
  const kept = Object.entries(manifest.dependencies).filter(([name]) => !NEEDLESS_DEPENDENCIES.includes(name));
  await writeFile(file, JSON.stringify({ ...manifest, dependencies: Object.fromEntries(kept) }, undefined, 2));
  // Not `npm ci`: the shipped lock file names a package that its own package.json does not. Scripts would call a compiler.
  await npm(['install', '--omit=dev', '--ignore-scripts'], folder);
}

/** npm as a stranger would call it in `cwd`: what an npm around this process set for its own package stays out. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|config_local)_/.test(name),
  );
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return runCommandLine('npm', [...args, ...quiet], { cwd, env: Object.fromEntries(inherited) });
}

/** The proof that the installation works: the server itself says its version. */
async function startedVersion(dir: string): Promise<string> {
  const printed = await runCommandLine(process.execPath, [
    serverMain(dir),
    '--version',
    '--server-data-dir',
    join(dir, 'data'),
  ]);
  const version = /^\d+\.\d+\.\d+/m.exec(printed)?.[0];
  if (version === undefined) throw new Error(`VS Code's server said no version: ${printed}`);
  return version;
}

/** Two installers at once are fine: the second one's copy is thrown away. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    if (!existsSync(to)) throw thrown;
  }
}
