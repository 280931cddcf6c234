/** @file The user's npm as a child process: found, run, ended with all its children, and its failures read. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../base/errors.ts';

export interface NpmOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Called with each line that npm writes. */
  readonly report: (line: string) => void;
}

/** What npm wrote before it ended with an error. */
export class NpmError extends Error {
  override readonly name = 'NpmError';
  readonly lines: readonly string[];

  constructor(args: readonly string[], outcome: string, lines: readonly string[]) {
    super(`npm ${args.join(' ')} ended with ${outcome}`);
    this.lines = lines;
  }
}

const isWindows = process.platform === 'win32';

/**
 * The npm beside the Node that runs us, otherwise the first one on the PATH. The editor's own runtime has none.
 *
 * @throws UserError when there is none.
 */
export function findNpm(path = process.env.PATH ?? '', executable = process.execPath): string {
  const folders = [dirname(executable), ...path.split(delimiter)].filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, isWindows ? 'npm.cmd' : 'npm')).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new UserError('No npm was found on the PATH; install Node.js, which brings npm, then try again.');
}

/**
 * Runs npm to its end. When the signal fires, npm and its children are killed at once: they leave files half written.
 *
 * @throws NpmError when it ends with anything but 0, the signal's reason when it was aborted.
 */
export async function runNpm(npm: string, args: readonly string[], options: NpmOptions): Promise<void> {
  const { cwd, signal, report } = options;
  signal.throwIfAborted();
  // Windows runs a .cmd file in a shell only; elsewhere npm's own children must be in a group that can be killed.
  const child = spawn(isWindows ? `"${npm}"` : npm, args, {
    cwd,
    env: npmEnvironment(npm),
    shell: isWindows,
    detached: !isWindows,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      report(line);
    });
  }
  const kill = (): void => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (child.pid !== undefined && isRunning) killTree(child.pid);
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const outcome = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, name) => {
        resolve(name ?? `exit code ${code}`);
      });
    });
    signal.throwIfAborted();
    if (outcome !== 'exit code 0') throw new NpmError(args, outcome, lines);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/** npm starts the first `node` of the PATH, which must be its own. */
function npmEnvironment(npm: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(npm)}${delimiter}${process.env.PATH ?? ''}` };
}

function killTree(pid: number): void {
  if (isWindows) spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true, stdio: 'ignore' });
  else process.kill(-pid, 'SIGKILL');
}

/** What went wrong and what may help, from the lines that npm and an install script wrote. Clauses, no sentence. */
export function explainNpm(lines: readonly string[]): string {
  const line = [/Error: |gyp ERR!/, /^npm error (?!(?:code|errno|syscall|path|command)\b|A complete log)/, /./]
    .map((sign) => lines.find((text) => sign.test(text)))
    .find((text) => text !== undefined);
  const cause = line?.replace(/^npm (?:error|ERR!) (?:nospc |notarget )?|^Error: /, '').trim() ?? 'npm said nothing';
  const advice = ADVICE.find(({ sign }) => lines.some((text) => sign.test(text)))?.advice;
  return advice === undefined ? cause : `${cause}; ${advice}`;
}

const ADVICE: readonly { readonly sign: RegExp; readonly advice: string }[] = [
  { sign: /\bENOSPC\b/, advice: 'make room on the disk' },
  {
    sign: /\bgyp ERR!/,
    advice: 'there is no compiled binding to download, and compiling one needs Python and a C++ compiler',
  },
  {
    sign: /\b(ENOTFOUND|EAI_AGAIN|ECONN\w+|E?TIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket hang up)\b|certificate/,
    advice: 'check the network, and HTTPS_PROXY where there is a proxy',
  },
];
