/**
 * @file The machine that VS Code's server runs on: this one, or another that a test brings (far-machine.ts).
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../fixtures/loopback-server.ts';
import { installServer } from './install.ts';

/** A process to start here. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Machine {
  /** Node and VS Code's server, as that machine names them. */
  readonly node: string;
  readonly main: string;
  /** An empty folder for the server's data, as that machine names it and as this one does. */
  readonly dataDir: string;
  readonly nearDataDir: string;
  /** A port of this machine that leads to a server which was started with the arguments `listen`. */
  readonly port: number;
  readonly listen: readonly string[];
  /** What to start here so that a command line with further environment runs there. */
  command(commandLine: readonly string[], environment: Readonly<Record<string, string>>): CommandLine;
  /** Gives to the machine's user what was written into the data folder from here. */
  handOver(): Promise<void>;
}

/** This machine. The data folder lies under /tmp where there is one: sockets live in it, and their paths may have 107 bytes. */
export async function thisMachine(): Promise<Machine> {
  const { node, main } = await installServer();
  const dataDir = await mkdtemp(join(process.platform === 'win32' ? (process.env.TEMP ?? '.') : '/tmp', 'rr1-'));
  const port = await freePort();
  const temp = join(dataDir, 't');
  // "Started from a shell": otherwise an interactive shell is asked for its environment, which takes up to ten seconds.
  const here = { ...process.env, VSCODE_CLI: '1', TMPDIR: temp, XDG_RUNTIME_DIR: temp };
  return {
    node,
    main,
    dataDir,
    nearDataDir: dataDir,
    port,
    listen: ['--host', '127.0.0.1', '--port', String(port)],
    command: ([program, ...args], environment) => ({ program, args, env: { ...here, ...environment } }),
    handOver: () => Promise.resolve(),
  };
}
