/**
 * @file Ending what a test started, and nothing else: by process group, and by a mark in the environment that children
 * inherit. The mark finds a training worker that left its group so as to outlive a window.
 */
import { readdir, readFile } from 'node:fs/promises';

/** The environment variable that carries the mark. */
export const SESSION_VARIABLE = 'REC_R1_TEST_SESSION';

/** Sends a signal to a process group; one that is gone already is fine. */
export function endGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader !== undefined) signalIfThere(-leader, signal);
}

/** Ends every process whose environment carries the mark. Linux only: other systems do not show environments. */
export async function endMarked(session: string): Promise<void> {
  for (const { pid } of await markedProcesses(session)) signalIfThere(pid, 'SIGKILL');
}

/** Processes that carry the mark, with their command lines. Empty on systems without /proc. */
export async function markedProcesses(session: string): Promise<{ readonly pid: number; readonly command: string }[]> {
  if (process.platform !== 'linux') return [];
  const mark = `${SESSION_VARIABLE}=${session}`;
  const found: { pid: number; command: string }[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readProc(entry, 'environ');
    if (!environment.split('\0').includes(mark)) continue;
    found.push({ pid: Number(entry), command: (await readProc(entry, 'cmdline')).replaceAll('\0', ' ').trim() });
  }
  return found;
}

/** A file under /proc; empty when the process ended meanwhile or belongs to somebody else. */
async function readProc(pid: string, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
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
