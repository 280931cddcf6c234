/**
 * @file How anybody asks a training process to pause, go on or stop: one small file in the run folder that says what is
 * wanted now.
 *
 * It works the same for a run that the extension started, the command line, or another machine on a shared folder, and
 * over a reload of the editor's window. The trainer looks often, writes `run` when it begins, and answers with a state
 * event in the database, not here.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CONTROL_COMMANDS = ['run', 'pause', 'stop'] as const;
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

/** Says what the process that writes the run should do. A reader sees the old wish or this one, never a part. */
export function requestControl(dir: string, command: ControlCommand): void {
  const temporary = join(dir, `control.json.${process.pid}.tmp`);
  writeFileSync(temporary, `${JSON.stringify({ command })}\n`);
  renameSync(temporary, controlFile(dir));
}

/** What is wanted now: `run` where nobody asked for anything, or for a file that is not ours. Reads one small file. */
export function readControl(dir: string): ControlCommand {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(controlFile(dir), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return 'run';
    throw error;
  }
  const { command } = (content ?? {}) as { readonly command?: unknown };
  return CONTROL_COMMANDS.find((name) => name === command) ?? 'run';
}

function controlFile(dir: string): string {
  return join(dir, 'control.json');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
