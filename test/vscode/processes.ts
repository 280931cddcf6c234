/**
 * @file Ending what a test started, and nothing else: by process group, and by a mark in the environment that children
 * inherit. The mark finds a training worker that left its group so as to outlive a window.
 *
 * All of it is synchronous, so that it also works in the last moment of a process.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** The environment variable that carries the mark. */
export const SESSION_VARIABLE = 'REC_R1_TEST_SESSION';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Sends a signal to a process group; one that is gone already is fine. */
export function endGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader !== undefined) signalIfThere(-leader, signal);
}

/** Ends every process whose environment carries the mark, and returns them. Linux only: others do not show environments. */
export function endMarked(session: string): readonly FoundProcess[] {
  const found = markedProcesses(session);
  for (const { pid } of found) signalIfThere(pid, 'SIGKILL');
  return found;
}

/** Processes that carry the mark, with their command lines. Empty on systems without /proc. */
export function markedProcesses(session: string): readonly FoundProcess[] {
  if (process.platform !== 'linux') return [];
  const mark = `${SESSION_VARIABLE}=${session}`;
  const found: FoundProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || !readProc(entry, 'environ').split('\0').includes(mark)) continue;
    const command = readProc(entry, 'cmdline').replaceAll('\0', ' ').trim();
    if (command !== '') found.push({ pid: Number(entry), command }); // a zombie has none
  }
  return found;
}

/** A file under /proc; empty when the process ended meanwhile or belongs to somebody else. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (thrown) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return '';
    throw thrown;
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
