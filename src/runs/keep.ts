/**
 * @file Which checkpoints of a run stay: the start policy, the last ones, and the best by its recorded evaluation on the
 * validation split, but none of a time that was taken back. The others go as a whole; readers list only what is there.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointDir, checkpointName, checkpointStep, listCheckpoints } from './checkpoint.ts';
import { ndcgName } from './comparison.ts';
import { openRunReader } from './reader.ts';

/**
 * Removes what does not stay, right after a checkpoint was written.
 *
 * @param last how many of the newest stay; 0 for all of them.
 */
export async function keepCheckpoints(runDir: string, last: number): Promise<void> {
  await sweep(runDir);
  if (last === 0) return;
  const names = await listCheckpoints(runDir);
  const kept = new Set([checkpointName(0), ...names.slice(-last), bestOf(runDir, names)]);
  for (const name of names) {
    if (!kept.has(name)) await remove(runDir, name);
  }
}

/** Removes the checkpoints of steps that were taken back: they are not of the run as it goes on. */
export async function removeCheckpointsAfter(runDir: string, step: number): Promise<void> {
  for (const name of await listCheckpoints(runDir)) {
    if (checkpointStep(name) > step) await remove(runDir, name);
  }
}

async function remove(runDir: string, name: string): Promise<void> {
  const dir = checkpointDir(runDir, name);
  await rename(dir, `${dir}.tmp`); // from here on nobody takes it for a checkpoint
  await rm(`${dir}.tmp`, { recursive: true });
}

/**
 * The checkpoint whose step has the highest recorded NDCG on the validation split, the newest of equals; undefined before the
 * first evaluation. No other split has a say: a checkpoint that was chosen by test queries is not tested by them.
 */
export async function bestCheckpoint(runDir: string): Promise<string | undefined> {
  return bestOf(runDir, await listCheckpoints(runDir));
}

function bestOf(runDir: string, names: readonly string[]): string | undefined {
  const reader = openRunReader(runDir);
  try {
    let best: { readonly name: string; readonly ndcg: number } | undefined;
    for (const event of reader.eventsAfter(0)) {
      if (event.kind !== 'evaluation' || event.discarded || event.evaluation.split !== 'validation') continue;
      const name = checkpointName(event.step);
      const { metrics } = event.evaluation;
      const ndcg = metrics[ndcgName(metrics)];
      if (names.includes(name) && ndcg >= (best?.ndcg ?? -Infinity)) best = { name, ndcg };
    }
    return best?.name;
  } finally {
    reader.close();
  }
}

/** Removes what a process that died in the middle of writing or removing left. */
async function sweep(runDir: string): Promise<void> {
  const dir = join(runDir, 'checkpoints');
  for (const name of await readdir(dir)) {
    if (name.endsWith('.tmp')) await rm(join(dir, name), { recursive: true, force: true });
  }
}
