/**
 * @file VS Code's server as a process of its own: behind a free port of this machine, with a data folder that nobody
 * else uses, quiet (no telemetry, no marketplace, no welcome page), and gone with all of its children at the end.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { runCommandLine } from './commands.ts';
import { addLanguagePack } from './language-pack.ts';
import { thisMachine, type Machine } from './machine.ts';
import { endGroup, endMarked, SESSION_VARIABLE } from './processes.ts';

/** User settings of the window: nothing that asks, advertises or calls out. */
export const QUIET_SETTINGS: Readonly<Record<string, unknown>> = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

const START_TIMEOUT_MILLIS = 60_000;
const STOP_TIMEOUT_MILLIS = 5000;

type ServerProcess = ChildProcessByStdio<null, Readable, Readable>;

export interface ServerOptions {
  /** Where it runs; this machine when absent. */
  readonly machine?: Machine;
  /** Packaged extensions to install before the start, by their paths on its machine. */
  readonly vsix?: readonly string[];
  /** User settings on top of the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** That the window runs in, but for the editor's own words. */
  readonly language?: string;
  /** End five minutes after the last window, so that nothing stays behind when this process is killed. */
  readonly endWhenUnused?: boolean;
}

export interface RunningServer {
  readonly port: number;
  /** Holds user settings, installed extensions and `data/logs`, as this machine names it. Removed by `stop`. */
  readonly dataDir: string;
  /** The value of SESSION_VARIABLE in every process that came from this server. */
  readonly session: string;
  /** Settles when the server ended, by `stop` or by itself. */
  readonly ended: Promise<unknown>;
  /** All that it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const machine = options.machine ?? (await thisMachine());
  const { port, nearDataDir: dataDir } = machine;
  const session = randomUUID();
  await fillDataDir(dataDir, { ...QUIET_SETTINGS, ...options.settings });
  if (options.language !== undefined) await addLanguagePack(join(dataDir, 'data'), options.language);
  await machine.handOver();
  const environment = { EXTENSIONS_GALLERY: '{}', [SESSION_VARIABLE]: session };
  const base = [machine.node, machine.main, '--accept-server-license-terms', '--server-data-dir', machine.dataDir];
  for (const vsix of options.vsix ?? []) {
    const { program, args, env } = machine.command([...base, '--install-extension', vsix, '--force'], environment);
    await runCommandLine(program, args, { env });
  }
  const flags = [
    ...machine.listen,
    '--without-connection-token',
    ...QUIET_FLAGS,
    ...(options.language === undefined ? [] : ['--locale', options.language]),
    ...(options.endWhenUnused === true ? ['--enable-remote-auto-shutdown'] : []),
  ];
  const { program, args, env } = machine.command([...base, ...flags], environment);
  // A group of its own, so that one signal reaches the server, its extension hosts and whatever those started.
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collectOutput(child);
  const stop = stopper(child, session, dataDir);
  try {
    await untilListening(child, output);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { port, dataDir, session, ended: once(child, 'exit'), output, stop };
}

const QUIET_FLAGS = [
  '--disable-workspace-trust',
  '--disable-telemetry',
  '--telemetry-level',
  'off',
  '--disable-experiments',
  '--disable-update-check',
  '--disable-getting-started-override',
];

function collectOutput({ stdout, stderr }: ServerProcess): () => string {
  let output = '';
  for (const stream of [stdout, stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return () => output;
}

/** Ends the server with all that came from it and removes its data. What this process leaves undone, its exit does. */
function stopper(child: ServerProcess, session: string, dataDir: string): () => Promise<void> {
  const endNow = (): void => {
    endGroup(child.pid, 'SIGKILL');
    endMarked(session);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on('exit', endNow);
  return async () => {
    if (isRunning(child)) {
      const ended = once(child, 'exit');
      endGroup(child.pid, 'SIGTERM');
      const force = setTimeout(() => {
        endGroup(child.pid, 'SIGKILL');
      }, STOP_TIMEOUT_MILLIS);
      await ended;
      clearTimeout(force);
    }
    endNow();
    process.off('exit', endNow);
  };
}

const isRunning = ({ exitCode, signalCode }: ServerProcess): boolean => exitCode === null && signalCode === null;

async function fillDataDir(dataDir: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(join(dataDir, 'data', 'User'), { recursive: true });
  await mkdir(join(dataDir, 't'), { recursive: true });
  await writeFile(join(dataDir, 'data', 'User', 'settings.json'), JSON.stringify(settings, undefined, 2));
}

async function untilListening(child: ServerProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  while (!output().includes('Extension host agent listening on')) {
    if (!isRunning(child)) {
      throw new Error(`VS Code's server ended at its start:\n${output()}`);
    }
    if (Date.now() > deadline) {
      throw new Error(`VS Code's server did not listen within ${START_TIMEOUT_MILLIS} ms:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
