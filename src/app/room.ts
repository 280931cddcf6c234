/** @file Room for a checkpoint: a training waits for it, with its state in memory, instead of losing what it learnt since the last. */
import { statfs } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import { isDiskFull } from '../base/full-disk.ts';
import type { Policy } from '../model/policy.ts';
import type { PauseReason } from './pause-gate.ts';

/** Besides the numbers: tokenizer, configuration, and what the run's database takes meanwhile. */
const MARGIN_BYTES = 50e6;
/** Float32 of a weight and its two moments. */
const BYTES_PER_WEIGHT = 12;

/** What waits for room: resolves when it should be looked for again; throws to give up. */
type Wait = (reason: PauseReason) => Promise<void>;

/** Saves with `save` when the disk of `dir` has room for a checkpoint of a policy, and again when it had not: a quota shows late. */
export async function saveWithRoom<T>(dir: string, policy: Policy, wait: Wait, save: () => Promise<T>): Promise<T> {
  for (;;) {
    await waitForRoom(dir, policy, wait);
    try {
      return await save();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await wait({ guard: 'disk', message: `${messageOf(error).replace(/\.$/, '')}, then let the run go on.` });
    }
  }
}

/** Waits, as long as `wait` does, while the disk of `dir` has no room for a checkpoint of a policy. */
export async function waitForRoom(
  dir: string,
  policy: Policy,
  wait: Wait,
  freeBytes: (dir: string) => Promise<number> = freeBytesOf,
): Promise<void> {
  const weights = [...policy.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  const needed = weights * BYTES_PER_WEIGHT + MARGIN_BYTES;
  for (let free = await freeBytes(dir); free < needed; free = await freeBytes(dir)) {
    await wait({
      guard: 'disk',
      message: `The disk of ${dir} has ${megabytes(free)} free and a checkpoint takes ${megabytes(needed)}; free some space, then let the run go on.`,
    });
  }
}

async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
