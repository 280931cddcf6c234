/**
 * @file Other programs that the harness calls (npm, tar, apt-get, the editor's own command line), one at a time and to their end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Who runs it, where this process may choose. */
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The standard output of a command that ended well.
 *
 * @throws an `Error` with the whole command line and all of its output when it ended otherwise.
 */
export async function runCommandLine(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let diagnostics = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (diagnostics += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return output;
  throw new Error(`${[program, ...args].join(' ')} ended with ${code ?? signal ?? '?'}:\n${output}${diagnostics}`);
}
