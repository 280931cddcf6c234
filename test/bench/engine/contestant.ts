/** @file A process that does one piece of work whenever it is told to: ours, a Python peer, or llama.cpp. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export class Contestant {
  /** What it is, in its own words. */
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    name: string,
    child: ChildProcessByStdio<Writable, Readable, Readable>,
    lines: AsyncIterator<string>,
  ) {
    this.name = name;
    this.#child = child;
    this.#lines = lines;
  }

  /** Starts a process and waits until it is prepared. Throws what it says when it fails. */
  static async start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Contestant> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2000)));
    const failed = once(child, 'exit').then(() => {
      throw new Error(`${command} ${args.join(' ')} ended: ${errors}`);
    });
    failed.catch(() => undefined); // it ends in the end
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { ready } = await Promise.race([answer(lines), failed]);
    return new Contestant(String(ready), child, lines);
  }

  /** Does the work once: seconds. */
  async run(): Promise<number> {
    this.#child.stdin.write('\n');
    const { seconds } = await answer(this.#lines);
    return Number(seconds);
  }

  /** The most memory that the process has held so far; undefined where the system does not say. */
  peakBytes(): number | undefined {
    if (process.platform !== 'linux') return undefined;
    const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))!;
    return Number(kibibytes) * 1024;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    this.#child.kill();
    await gone;
  }
}

async function answer(lines: AsyncIterator<string>): Promise<Record<string, unknown>> {
  const next = await lines.next();
  if (next.done === true) throw new Error('a contestant ended before it answered');
  return JSON.parse(next.value) as Record<string, unknown>;
}
