/**
 * @file A real PostgreSQL server of a test's own: its own data in a temporary folder, its own port on this machine alone, a
 * password, and gone after the test. PostgreSQL is the machine's, or on Debian as root one that apt-get installs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { runCommandLine } from '../vscode/commands.ts';
import { canInstall, installPackages } from '../vscode/debian.ts';
import { freePort } from '../fixtures/loopback-server.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

export interface PostgresServer {
  /** Connection string of the database's owner. */
  readonly url: string;
  readonly password: string;
  /** What PostgreSQL's own client prints for a statement: rows in lines, columns parted by tabs. */
  psql(sql: string): Promise<string>;
  /** Ends it as a power cut would. */
  crash(): Promise<void>;
  start(): Promise<void>;
}

const USER = 'rec_r1';

/** A running server. Skips the test where PostgreSQL cannot be had; in continuous integration that is an error. */
export async function startPostgres(test: TestContext): Promise<PostgresServer | undefined> {
  const bin = await findPostgres(test);
  if (bin === undefined) return undefined;
  let server: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const closed = once(server, 'exit');
    server.kill(signal);
    await closed;
  };
  // Before the folder's own hook: the server must not write into what is being removed.
  const killAtExit = (): void => void server?.kill('SIGQUIT');
  process.on('exit', killAtExit);
  test.after(async () => {
    await end('SIGINT');
    process.off('exit', killAtExit);
  });
  const folder = temporaryFolder(test);
  const owner = await unprivileged(folder);
  const password = crypto.randomUUID();
  const [data, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
  writeFileSync(passwordFile, password);
  const login = ['-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const quick = ['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await runCommandLine(join(bin, 'initdb'), ['-D', data, ...login, ...quick], owner);

  const port = await freePort();
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
  const start = async (): Promise<void> => {
    const settings = ['-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off', '-c', 'shared_buffers=64MB'];
    server = spawn(join(bin, 'postgres'), ['-D', data, ...settings], { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
    await isReady(server);
  };
  await start();
  return {
    url,
    password,
    psql: (sql) =>
      runCommandLine(join(bin, 'psql'), ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-c', sql, url]),
    crash: () => end('SIGQUIT'),
    start,
  };
}

/** The folder with initdb, postgres and psql. */
async function findPostgres(test: TestContext): Promise<string | undefined> {
  const find = (): string | undefined => {
    const debian = globSync('/usr/lib/postgresql/*/bin').sort(byVersion).reverse();
    const onPath = (process.env.PATH ?? '').split(delimiter);
    return [...debian, ...onPath].find((dir) =>
      ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(dir, name))),
    );
  };
  const found = find();
  if (found !== undefined) return found;
  if (canInstall()) {
    await withoutMainCluster(() => installPackages('postgresql'));
    return find();
  }
  const reason = 'needs PostgreSQL: install it, or run as root on Debian';
  if (process.env['CI']) throw new Error(`This test ${reason}.`);
  test.skip(reason);
  return undefined;
}

function byVersion(a: string, b: string): number {
  return Number(dirname(a).split('/').at(-1)) - Number(dirname(b).split('/').at(-1));
}

/** Keeps Debian's package from making and starting a server of its own. */
async function withoutMainCluster(install: () => Promise<void>): Promise<void> {
  const file = '/etc/postgresql-common/createcluster.d/rec-r1-test.conf';
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'create_main_cluster = false\n');
  try {
    await install();
  } finally {
    rmSync(file);
  }
}

/** PostgreSQL refuses to run as root: there it runs as the user that its package made, who gets the folder. */
async function unprivileged(folder: string): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number(await runCommandLine('id', [flag, 'postgres']))),
  );
  chownSync(folder, uid, gid);
  return { uid, gid };
}

async function isReady(server: ChildProcess): Promise<void> {
  let log = '';
  const ready = Promise.withResolvers<undefined>();
  server.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    if (log.includes('database system is ready to accept connections')) ready.resolve(undefined);
  });
  server.once('exit', () => {
    ready.reject(new Error(`PostgreSQL did not start:\n${log}`));
  });
  const late = sleep(60_000, undefined, { ref: false }).then(() => {
    throw new Error(`PostgreSQL was not ready after a minute:\n${log}`);
  });
  await Promise.race([ready.promise, late]);
}
