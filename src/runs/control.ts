/**
 * @file How anybody asks a training process to pause, go on or stop: one small file in the run folder.
 *
 * It works the same for a run that the extension started, the command line, or another machine on a shared folder, and
 * over a reload of the editor's window. The trainer answers with a state event in the database, not here.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';

export const CONTROL_COMMANDS = ['run', 'pause', 'stop'] as const;
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

export interface ControlRequest {
  readonly command: ControlCommand;
  /** Tells two equal requests apart. */
  readonly id: string;
}

/** Asks the process that writes the run. The newest request wins. */
export async function requestControl(dir: string, command: ControlCommand): Promise<void> {
  const request: ControlRequest = { command, id: randomUUID() };
  await writeFileAtomic(controlFile(dir), `${JSON.stringify(request)}\n`);
}

/** The newest request; null when there was none. Anything unreadable counts as none: it cannot have come from us. */
export function readControl(dir: string): ControlRequest | null {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(controlFile(dir), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return null;
    throw error;
  }
  const { command, id } = (content ?? {}) as Record<string, unknown>;
  const known = CONTROL_COMMANDS.find((name) => name === command);
  return known && typeof id === 'string' ? { command: known, id } : null;
}

export interface ControlPoll {
  /** The command of a request that has not been seen yet, else null. Costs one `stat` when nothing changed. */
  next(): ControlCommand | null;
}

/** Watches for requests from now on; one that was left over from an earlier process is not obeyed. */
export function pollControl(dir: string): ControlPoll {
  let stamp = stampOf(dir);
  let seen = readControl(dir)?.id;
  return {
    next: () => {
      const current = stampOf(dir);
      if (current === stamp) return null;
      stamp = current;
      const request = readControl(dir);
      if (!request || request.id === seen) return null;
      seen = request.id;
      return request.command;
    },
  };
}

/** Changes with every request: each one is a new file that is renamed into place. */
function stampOf(dir: string): string | null {
  const stats = statSync(controlFile(dir), { throwIfNoEntry: false, bigint: true });
  return stats ? `${stats.ino}/${stats.mtimeNs}` : null;
}

function controlFile(dir: string): string {
  return join(dir, 'control.json');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
