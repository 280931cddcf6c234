/**
 * @file A program as the black box. It is started once, without a shell, and speaks the contract in lines: for each line of
 * JSON on its standard input (`SearchRequest`) it writes one line of JSON to its standard output (`SearchResponse`), and
 * flushes it. Standard error is for its own messages and is passed on. It ends when its standard input ends.
 *
 * Lines have no numbers, so after a time-out or a line too many nobody knows which answer belongs to which question: the
 * program is then ended, and started again for the next request.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Retriever } from '../retriever.ts';
import { readResponse, requestText } from './contract.ts';
import { RequestFailure, type ResilienceOptions, resilientSearch } from './resilience.ts';

export interface CommandOptions extends Omit<ResilienceOptions, 'concurrency'> {
  readonly kind: 'command';
  /** The program and its arguments, one text each. */
  readonly command: readonly string[];
  /** Where it is started. Default: the current folder. */
  readonly folder?: string;
  /** Gets what it writes to standard error; without it that goes to ours. */
  readonly onStderr?: (chunk: Buffer) => void;
}

/** An answer longer than this is no ranking. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** How long a program may take to end when it is asked to. */
const GRACE_MILLIS = 2000;

/** A program as above. It is started by the first search; the first answer may take `timeoutMillis`, 60 s by default. */
export function commandRetriever(options: CommandOptions): Retriever {
  const { command, timeoutMillis = 60_000 } = options;
  let program: Program | undefined;
  const search = resilientSearch(
    {
      who: command[0],
      ask: async (queries, limit, signal) => {
        const asked = (program ??= startProgram(options));
        try {
          const line = await asked.answerTo(requestText(queries, limit), signal);
          return readResponse(parsed(line), queries.length, limit);
        } catch (error) {
          program = undefined;
          asked.kill();
          throw error;
        }
      },
    },
    { ...options, timeoutMillis, concurrency: 1 },
  );
  return { name: `command(${command.join(' ')})`, search, dispose: async () => program?.end() };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RequestFailure(`it wrote a line that is not JSON: ${messageOf(error)}`);
  }
}

interface Program {
  /** The next line that it writes; one request at a time. What went wrong since the last one is thrown here. */
  answerTo(line: string, signal: AbortSignal): Promise<string>;
  kill(): void;
  /** Asks it to end, and makes it end when it does not. */
  end(): Promise<void>;
}

function startProgram({ command: [file, ...args], folder, onStderr }: CommandOptions): Program {
  const child = spawn(file, args, { cwd: folder, stdio: 'pipe', windowsHide: true });
  const exited = Promise.withResolvers<undefined>();
  let waiting: PromiseWithResolvers<string> | undefined;
  let failure: RequestFailure | undefined;
  let lastError = '';

  const fail = (reason: RequestFailure): void => {
    failure ??= reason;
    waiting?.reject(failure);
    exited.resolve(undefined);
  };
  // A program that is not asked anything does not keep this process from ending; it then sees its standard input end.
  const keepAlive = (keep: boolean): void => {
    const parts = [child, ...(child.stdio.slice(0, 3) as Socket[])];
    for (const part of parts) if (keep) part.ref(); else part.unref(); // prettier-ignore
  };

  child.on('error', (error) => {
    fail(new RequestFailure(`it cannot be started (${messageOf(error)})`));
  });
  child.on('exit', () => {
    exited.resolve(undefined);
  });
  child.on('close', (status, signal) => {
    const last = lastError.trim().split('\n').at(-1)?.slice(-200);
    fail(new RequestFailure(`it ended with ${signal ?? `status ${status ?? '?'}`}${last ? `: ${last}` : ''}`, {}));
  });
  child.stdin.on('error', () => undefined); // it no longer listens: 'close' says so
  child.stderr.on('data', (chunk: Buffer) => {
    lastError = (lastError + chunk.toString('utf8')).slice(-2000);
    if (onStderr) onStderr(chunk);
    else process.stderr.write(chunk);
  });
  onLines(child.stdout, (line) => {
    if (line === undefined) fail(new RequestFailure(`it wrote a line longer than ${MAX_LINE_BYTES} bytes`));
    else if (waiting) waiting.resolve(line);
    else fail(new RequestFailure(`it wrote a line that nobody asked for: ${line.slice(0, 60)}`));
  });
  keepAlive(false);

  return {
    answerTo: async (line, signal) => {
      if (failure) throw failure;
      const answer = (waiting = Promise.withResolvers<string>());
      const stop = (): void => {
        answer.reject(signal.reason);
      };
      signal.addEventListener('abort', stop);
      keepAlive(true);
      try {
        child.stdin.write(`${line}\n`);
        return await answer.promise;
      } finally {
        waiting = undefined;
        keepAlive(false);
        signal.removeEventListener('abort', stop);
      }
    },
    kill: () => {
      child.kill('SIGKILL');
    },
    end: async () => {
      keepAlive(true);
      for (const ask of [() => child.stdin.end(), () => child.kill(), () => child.kill('SIGKILL')]) {
        ask();
        if (await endsWithin(exited.promise, GRACE_MILLIS)) return;
      }
    },
  };
}

/** Calls back with each line without its line feed, and with nothing when one is too long. */
function onLines(stream: Readable, take: (line: string | undefined) => void): void {
  let start: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      take(Buffer.concat([...start, chunk.subarray(from, at)]).toString('utf8'));
      start = [];
      bytes = 0;
      from = at + 1;
    }
    start.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > MAX_LINE_BYTES) take(undefined);
  });
}

async function endsWithin(end: Promise<undefined>, millis: number): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(millis, 'late', { signal: stop.signal }).catch(() => 'late');
  const first = await Promise.race([end, late]);
  stop.abort();
  return first === undefined;
}
