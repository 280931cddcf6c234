/**
 * @file Machines that are not this one: Debian with next to nothing in it, in namespaces of its own. There is no Node on the
 * PATH, no file of this machine but VS Code's server, and no network. What runs there belongs to an unprivileged user with an empty home.
 *
 * The root file system is made once, from Debian's packages, and never written to. A machine is up while a command runs in it and
 * gone with it, whatever the command left running; its home folder is a temporary folder here.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import type { TestContext } from 'node:test';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { freePort } from '../fixtures/loopback-server.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { runCommandLine } from './commands.ts';
import { canInstall, installPackages } from './debian.ts';
import { installServer } from './install.ts';
import type { Machine } from './machine.ts';

export interface FarMachine extends Machine {
  /** An empty folder in its user's home. */
  readonly folder: string;
  /** Where a file of its user's home lies as seen from here. */
  near(path: string): string;
}

/** How one gets there: with a login over SSH, or as the tools do that start a command in a container. */
export type Way = 'ssh' | 'container';

const USER = 'shopper';
/** Nobody else's. */
const USER_ID = 54321;
const HOME = `/home/${USER}`;
const SERVER = '/opt/vscode-server';
const NODE = '/opt/node';
/** Of the machine's own; all of it ends with the process that started it. */
const NAMESPACES: readonly string[] = [
  ...['--die-with-parent', '--cap-add', 'ALL'],
  ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
];
/** As in Docker, unless one asks for more. */
const SHARED_MEMORY_BYTES = 64 * 2 ** 20;

/** A machine. Skips the test where there can be none. */
export async function farMachine(test: TestContext, way: Way): Promise<FarMachine | undefined> {
  const refusal = await prepareTools();
  if (refusal !== undefined) {
    test.skip(`needs Debian’s packages and namespaces, as root: ${refusal}`);
    return undefined;
  }
  const booted = await boot(test, await rootFileSystem());
  return (way === 'ssh' ? overSsh : inContainer)(test, booted);
}

/** Why there can be no machine. In continuous integration only a system that allows no namespaces, as many containers do, is a reason. */
async function prepareTools(): Promise<string | undefined> {
  if (!canInstall()) {
    const refusal = 'packages can be installed as root on Debian alone.';
    if (process.env['CI']) throw new Error(refusal);
    return refusal;
  }
  const isThere = ['bwrap', 'mmdebstrap', 'ssh'].every((name) => existsSync(`/usr/bin/${name}`));
  if (!isThere) await installPackages('bubblewrap', 'mmdebstrap', 'debian-archive-keyring', 'openssh-client');
  try {
    await runCommandLine('bwrap', [...NAMESPACES, '--dev-bind', '/', '/', '--', 'true']);
    return undefined;
  } catch (error) {
    return messageOf(error).trim().split('\n').at(-1);
  }
}

/** The folder with Debian 12: whole or absent, filled under another name and renamed at the end. 20 seconds and 175 MB. */
async function rootFileSystem(): Promise<string> {
  const root = join(packageRoot(), '.vscode-test-server', 'debian-12');
  if (existsSync(root)) return root;
  console.error(`Making a Debian 12 with an SSH server in ${root} ...`);
  const partial = `${root}.partial-${process.pid}`;
  await mkdir(dirname(root), { recursive: true });
  try {
    const user = `useradd --uid ${USER_ID} --shell /bin/bash --password '*' ${USER}`;
    await runCommandLine('mmdebstrap', [
      '--quiet',
      '--variant=essential',
      '--include=openssh-server,libstdc++6', // VS Code's server wants the latter of every machine
      `--customize-hook=chroot "$1" ${user}; mkdir "$1${HOME}"`,
      'bookworm',
      partial,
    ]);
    await rename(partial, root);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return root;
}

interface Booted {
  /** The home folder as seen from here. */
  readonly home: string;
  /** The folder that is /etc/ssh there. */
  readonly etcSsh: string;
  /** The command line that runs another there, as root. */
  readonly enter: readonly string[];
}

async function boot(test: TestContext, root: string): Promise<Booted> {
  const folder = temporaryFolder(test);
  const [home, etcSsh] = [join(folder, 'home'), join(folder, 'etc-ssh')];
  for (const dir of [home, etcSsh]) mkdirSync(dir);
  const server = await installServer();
  const writable = (path: string): string[] => ['--perms', '1777', '--tmpfs', path];
  const files = [
    ...['--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(SHARED_MEMORY_BYTES), ...writable('/dev/shm'), ...writable('/tmp')],
    ...['--tmpfs', '/run', '--dir', '/run/sshd', '--bind', home, HOME, '--ro-bind', etcSsh, '/etc/ssh'],
    ...['--tmpfs', '/opt', '--ro-bind', dirname(dirname(server.main)), SERVER, '--ro-bind', server.node, NODE],
  ];
  const enter = ['bwrap', ...NAMESPACES, '--hostname', 'far', '--clearenv', ...files, '--'];
  return { home, etcSsh, enter };
}

type Reach = Pick<Machine, 'port' | 'listen' | 'command'>;

async function machine({ home }: Booted, reach: Reach): Promise<FarMachine> {
  const [dataDir, folder] = [`${HOME}/.vscode-server`, `${HOME}/shop`];
  const near = (path: string): string => join(home, path.slice(HOME.length));
  for (const dir of [dataDir, folder]) await mkdir(near(dir));
  return {
    ...reach,
    node: NODE,
    main: `${SERVER}/out/server-main.js`,
    dataDir,
    nearDataDir: near(dataDir),
    folder,
    near,
    handOver: async () => {
      await runCommandLine('chown', ['-R', `${USER_ID}:${USER_ID}`, home]);
    },
  };
}

/**
 * With a login by key, and the server on a port that SSH forwards. Each connection has an SSH server of its own, which speaks
 * through a pipe, so that none listens here, and all of it ends with this process.
 */
async function overSsh(test: TestContext, booted: Booted): Promise<FarMachine> {
  const { etcSsh, enter } = booted;
  const key = join(temporaryFolder(test), 'key');
  for (const file of [key, join(etcSsh, 'host_key')]) {
    await runCommandLine('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  }
  await writeFile(join(etcSsh, 'authorized_keys'), readFileSync(`${key}.pub`));
  const hostKey = readFileSync(join(etcSsh, 'host_key.pub'), 'utf8');
  await writeFile(`${key}.known_hosts`, `far ${hostKey}`);
  const configuration = ['HostKey /etc/ssh/host_key', 'AuthorizedKeysFile /etc/ssh/authorized_keys', 'UsePAM no'];
  await writeFile(join(etcSsh, 'sshd_config'), `${configuration.join('\n')}\n`);
  const [port, farPort] = [await freePort(), '8000'];
  const options = {
    ProxyCommand: quoted([...enter, '/usr/sbin/sshd', '-i', '-e']),
    IdentityFile: key,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: `${key}.known_hosts`,
    ExitOnForwardFailure: 'yes',
    LocalForward: `127.0.0.1:${port} 127.0.0.1:${farPort}`,
  };
  const ssh = ['ssh', '-F', 'none', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  return machine(booted, {
    port,
    listen: ['--host', '127.0.0.1', '--port', farPort],
    command: (commandLine, environment) => ({
      program: 'setpriv',
      args: ['--pdeathsig', 'TERM', ...ssh, `${USER}@far`, quoted(withEnvironment(commandLine, environment))],
      env: process.env,
    }),
  });
}

/** With one processor, and the server on a socket in the home folder, to which a port of this process leads. */
async function inContainer(test: TestContext, booted: Booted): Promise<FarMachine> {
  const socket = `${HOME}/.server.sock`;
  const far = join(booted.home, '.server.sock');
  const proxy = createServer((client) => {
    const server = connect(far);
    // Either end closes both; a window that is closed, and a server that is ended, break their connections.
    pipeline(client, server, client, () => undefined);
  });
  const port = await freePort();
  proxy.listen(port, '127.0.0.1');
  test.after(() => proxy.close());
  const asUser = ['setpriv', `--reuid=${USER_ID}`, `--regid=${USER_ID}`, '--clear-groups', '--inh-caps=-all'];
  const [program, ...entering] = ['taskset', '--cpu-list', firstProcessor(), ...booted.enter, ...asUser];
  const user = { HOME, PATH: '/usr/local/bin:/usr/bin:/bin' };
  return machine(booted, {
    port,
    listen: ['--socket-path', socket],
    command: (commandLine, environment) => ({
      program,
      args: [...entering, ...withEnvironment(commandLine, { ...user, ...environment })],
      env: process.env,
    }),
  });
}

const withEnvironment = (commandLine: readonly string[], environment: Readonly<Record<string, string>>): string[] => [
  'env',
  ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  ...commandLine,
];

/** As a shell reads it. */
const quoted = (commandLine: readonly string[]): string =>
  commandLine.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** The first processor that this process may use. */
const firstProcessor = (): string =>
  /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
