/**
 * @file The asking side of the question worker: starts it when the first question comes, matches answers by id, stops it
 * when nobody has asked for a while, and tells all who wait when it dies.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { UserError } from '../base/errors.ts';
import { executableOf, nodeEnvironment, type Runtime } from './launch.ts';
import type { FromWorker, QuestionKind, Questions, ToWorker } from './protocol.ts';

export interface WorkerClient {
  /**
   * Asks, and starts the process when there is none.
   *
   * @throws UserError for what the person can fix, Error for a bug in the worker or when its process died.
   */
  ask<K extends QuestionKind>(kind: K, ask: Questions[K]['ask'], signal?: AbortSignal): Promise<Questions[K]['answer']>;
  /** Ends the process; those who wait are told. */
  dispose(): void;
}

export interface ClientOptions {
  readonly runtime: () => Runtime;
  /** A line that the worker wrote. */
  readonly log: (line: string) => void;
  readonly idleMillis?: number;
}

const IDLE_MILLIS = 5 * 60_000;

interface Waiter {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export function createWorkerClient({ runtime, log, idleMillis = IDLE_MILLIS }: ClientOptions): WorkerClient {
  const waiters = new Map<number, Waiter>();
  let child: ChildProcess | undefined;
  let nextId = 1;
  let idle: NodeJS.Timeout | undefined;

  /** Forgets the process first, so that the next question starts another. */
  const end = (process: ChildProcess, reason: string): void => {
    if (child !== process) return;
    child = undefined;
    const rejected = [...waiters.values()];
    waiters.clear();
    for (const { reject } of rejected) reject(new Error(reason));
  };
  const stop = (reason: string): void => {
    clearTimeout(idle);
    const process = child;
    if (!process) return;
    end(process, reason);
    process.kill();
  };
  const settle = (message: FromWorker): void => {
    const waiter = waiters.get(message.id);
    waiters.delete(message.id);
    if (waiters.size === 0) {
      idle = setTimeout(() => {
        stop('The worker was idle.');
      }, idleMillis);
      idle.unref();
    }
    if (message.kind === 'answer') waiter?.resolve(message.answer as never);
    else waiter?.reject(message.byUser ? new UserError(message.message) : new Error(message.message));
  };
  const start = (): ChildProcess => {
    const chosen = runtime();
    const started = fork(chosen.script, [], {
      cwd: chosen.workingDir,
      env: nodeEnvironment(chosen),
      execPath: executableOf(chosen),
      execArgv: [], // the editor's own flags are not for us
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log(text.trimEnd());
      });
    }
    started.on('message', settle);
    started.once('error', (error) => {
      end(started, `The worker did not start: ${error.message}`);
    });
    started.once('exit', (code, signal) => {
      end(started, `The worker ended with ${signal ?? `exit code ${code}`}.`);
    });
    return started;
  };

  return {
    ask: (kind, ask, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        clearTimeout(idle);
        child ??= start();
        const process = child;
        const id = nextId++;
        waiters.set(id, { resolve, reject });
        const message = { id, kind, ask } as ToWorker;
        process.send(message, (error) => {
          if (error) end(process, `The worker cannot be reached: ${error.message}`);
        });
        signal?.addEventListener('abort', () => {
          if (waiters.has(id) && process.connected) process.send({ id, kind: 'cancel' } satisfies ToWorker);
        });
      }),
    dispose: () => {
      stop('The worker was stopped.');
    },
  };
}
