/**
 * @file Checkpoints: a folder in Hugging Face's layout (with LoRA in PEFT's, the adapters alone) plus the optimizer's state,
 * whole or absent.
 *
 * Everything is written into a temporary folder that is renamed at the end, with checksums, so that what a disk or a copy
 * damages later is noticed before it is used. `trainer.json` holds the step; since all randomness follows from seed and
 * step, that is the whole random state.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { syncFolder, writeFileAtomic } from '../base/atomic-file.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import { type AdamWState, createAdamW } from '../model/adamw.ts';
import { writeBase } from '../model/adapter-folder.ts';
import { tensorSources } from '../model/model-folder.ts';
import { type Policy, savePolicy } from '../model/policy.ts';
import { type NamedArray, readSafetensors, writeSafetensors } from '../model/safetensors.ts';
import { findDamage, writeChecksums } from './checksums.ts';

const OPTIMIZER_FILE = 'optimizer.safetensors';
const TRAINER_FILE = 'trainer.json';

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** The step in a checkpoint's name. */
export function checkpointStep(name: string): number {
  return Number(name.slice('step-'.length));
}

export function checkpointDir(runDir: string, name: string): string {
  return join(runDir, 'checkpoints', name);
}

/** Writes the checkpoint of a step and returns its name. One that is already there is kept as it is. */
export async function saveCheckpoint(
  runDir: string,
  step: number,
  policy: Policy,
  optimizer: AdamWState,
): Promise<string> {
  const name = checkpointName(step);
  const dir = checkpointDir(runDir, name);
  if (existsSync(dir)) return name;
  const temporary = `${dir}.tmp`;
  try {
    await rm(temporary, { recursive: true, force: true }); // of a process that died here
    await mkdir(temporary, { recursive: true });
    await writeParts(temporary, step, policy, optimizer);
    await syncFolder(temporary);
    await rename(temporary, dir);
    await syncFolder(join(runDir, 'checkpoints'));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return name;
}

async function writeParts(dir: string, step: number, policy: Policy, optimizer: AdamWState): Promise<void> {
  await savePolicy(policy, dir);
  if (policy.lora) await writeBase(dir, policy.lora.base);
  await writeSafetensors(join(dir, OPTIMIZER_FILE), tensorSources(moments(policy, optimizer)));
  await writeFileAtomic(join(dir, TRAINER_FILE), `${JSON.stringify({ step, optimizerSteps: optimizer.steps })}\n`);
  await writeChecksums(dir);
}

/** Names of the whole checkpoints of a run, oldest first. */
export async function listCheckpoints(runDir: string): Promise<string[]> {
  const dir = join(runDir, 'checkpoints');
  if (!existsSync(dir)) return [];
  return (await readdir(dir)).filter((name) => /^step-\d+$/.test(name)).sort();
}

/** What a checkpoint is opened for: the optimizer's state, which may be large, is checked only where it is read. */
export type CheckpointUse = 'training' | 'model';

/**
 * The folder of a checkpoint, whose files are as they were written: the named one, or the newest.
 *
 * @throws UserError when the run has none, none of that name, or when it is damaged; then it names the newest whole one before.
 */
export async function findCheckpoint(
  runDir: string,
  name?: string,
  use: CheckpointUse = 'model',
): Promise<{ name: string; dir: string }> {
  const names = await listCheckpoints(runDir);
  const found = name ?? names.at(-1);
  if (found === undefined) throw new UserError(`${runDir} has no checkpoint yet; let the run finish its first step.`);
  if (!names.includes(found)) {
    throw new UserError(`${runDir} has no checkpoint "${found}"; it has ${names.join(', ') || 'none'}.`);
  }
  const dir = checkpointDir(runDir, found);
  const damage = await damageOf(dir, use);
  if (damage === undefined) return { name: found, dir };
  const older = await newestWhole(runDir, names.slice(0, names.indexOf(found)), use);
  const advice =
    older === undefined ? 'no older one is whole, so start a new run' : `${older} is whole: choose that one`;
  throw new UserError(`The checkpoint ${dir} is damaged (${damage}); ${advice}.`);
}

/**
 * The checkpoint that training goes on from: the named one, or the newest that is whole, with a sentence about what is
 * damaged when that is not the newest.
 *
 * @throws UserError as `findCheckpoint` does.
 */
export async function findResumable(
  runDir: string,
  name?: string,
): Promise<{ readonly name: string; readonly dir: string; readonly note?: string }> {
  const names = await listCheckpoints(runDir);
  const newest = names.at(-1);
  const whole = name ?? (await newestWhole(runDir, names, 'training'));
  const found = await findCheckpoint(runDir, whole, 'training');
  if (name !== undefined || found.name === newest) return found;
  return { ...found, note: `${newest} is damaged; going on from ${found.name}, the newest that is whole.` };
}

async function newestWhole(runDir: string, names: readonly string[], use: CheckpointUse): Promise<string | undefined> {
  for (const name of [...names].reverse()) {
    if ((await damageOf(checkpointDir(runDir, name), use)) === undefined) return name;
  }
  return undefined;
}

function damageOf(dir: string, use: CheckpointUse): Promise<string | undefined> {
  return findDamage(dir, (file) => use === 'training' || file !== OPTIMIZER_FILE);
}

/** The optimizer's moments as they were saved, and the step; the caller disposes the state. */
export async function loadOptimizer(dir: string, policy: Policy): Promise<{ step: number; optimizer: AdamWState }> {
  const { step, optimizerSteps } = (await readJson(join(dir, TRAINER_FILE))) as {
    step: number;
    optimizerSteps: number;
  };
  const optimizer = createAdamW([...policy.parameters.values()]);
  optimizer.steps = optimizerSteps;
  const places = new Map(moments(policy, optimizer));
  await readSafetensors(join(dir, OPTIMIZER_FILE), (name, array) => {
    const place = places.get(name);
    if (place) fill(place, array);
  });
  return { step, optimizer };
}

/** First and second moments by the names of their parameters. */
function moments(policy: Policy, optimizer: AdamWState): (readonly [string, tf.Variable])[] {
  return [...policy.parameters.keys()].flatMap((name, i) => [
    [`first.${name}`, optimizer.first[i]] as const,
    [`second.${name}`, optimizer.second[i]] as const,
  ]);
}

function fill(place: tf.Variable, { values, shape }: NamedArray): void {
  const tensor = tf.tensor(values, [...shape], 'float32');
  place.assign(tensor);
  tensor.dispose();
}
