/**
 * @file Starting a training process that outlives whoever started it. It is found again through its run folder, never
 * through its process id.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readSync, fstatSync } from 'node:fs';
import { join } from 'node:path';
import { NATIVE_FOLDER } from '../base/environment.ts';
import type { ForkRequest } from '../app/train.ts';
import { UserError } from '../base/errors.ts';

/** What the training process is asked; its own file is the run's `worker.log`. */
export type TrainingOrder =
  | {
      readonly kind: 'train';
      readonly runDir: string;
      readonly config: Readonly<Record<string, unknown>>;
      /** Where the settings are from, for messages. */
      readonly source: string;
    }
  | { readonly kind: 'resume'; readonly runDir: string; readonly steps?: number; readonly checkpoint?: string }
  | ({ readonly kind: 'fork' } & ForkRequest);

export interface Runtime {
  /** The worker's bundle. */
  readonly script: string;
  /** A plain Node to run it; undefined takes the runtime of this process, which in VS Code is the editor's own. */
  readonly nodePath?: string;
  /** Relative paths of a configuration start here. */
  readonly workingDir: string;
  /** Keys by environment variable; those of this process win. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Where native engines are installed, unless the environment of this process says otherwise. */
  readonly nativeFolder?: string;
}

export interface LaunchedTraining {
  /** Resolves when the process has ended: with null after success, otherwise with the reason. */
  readonly ended: Promise<string | null>;
}

const LOG_FILE = 'worker.log';

/**
 * Starts a process of its own session that writes to the run's `worker.log` and to nothing of ours.
 *
 * @throws UserError when the named Node does not exist.
 */
export function launchTraining(order: TrainingOrder, runtime: Runtime): LaunchedTraining {
  mkdirSync(order.runDir, { recursive: true });
  const log = openSync(logFile(order.runDir), 'a');
  try {
    const child = spawn(executableOf(runtime), [runtime.script, JSON.stringify(order)], {
      cwd: runtime.workingDir,
      env: nodeEnvironment(runtime),
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    child.unref();
    const ended = new Promise<string | null>((resolve) => {
      child.once('error', (error) => {
        resolve(`The training process did not start: ${error.message}`);
      });
      child.once('exit', (code, signal) => {
        resolve(code === 0 ? null : `The training process ended with ${signal ?? `exit code ${code}`}.`);
      });
    });
    return { ended };
  } finally {
    closeSync(log); // the child has its own copy
  }
}

/**
 * The environment of a Node process. `ELECTRON_RUN_AS_NODE` makes the editor's executable a Node instead of a second
 * window; a plain Node does not look at it.
 */
export function nodeEnvironment({
  keys,
  nativeFolder,
}: Pick<Runtime, 'keys' | 'nativeFolder'> = {}): NodeJS.ProcessEnv {
  const native = nativeFolder === undefined ? {} : { [NATIVE_FOLDER]: nativeFolder };
  return { ...keys, ...native, ...process.env, ELECTRON_RUN_AS_NODE: '1' };
}

export function executableOf({ nodePath }: Runtime): string {
  if (nodePath === undefined) return process.execPath;
  if (!existsSync(nodePath)) {
    throw new UserError(
      `rec-r1.nodePath is ${nodePath}, which does not exist; name a Node 22.13 or newer, or clear it.`,
    );
  }
  return nodePath;
}

export function logFile(runDir: string): string {
  return join(runDir, LOG_FILE);
}

/** The last `bytes` of the run's log from a line's beginning; empty when there is none. */
export function logTail(runDir: string, bytes = 1000): string {
  if (!existsSync(logFile(runDir))) return '';
  const log = openSync(logFile(runDir), 'r');
  try {
    const { size } = fstatSync(log);
    const buffer = Buffer.alloc(Math.min(bytes, size));
    readSync(log, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.toString('utf8');
    return size > bytes ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(log);
  }
}
