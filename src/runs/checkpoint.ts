/**
 * @file Checkpoints: a folder in Hugging Face's layout plus the optimizer's state, whole or absent.
 *
 * Everything is written into a temporary folder that is renamed at the end. `trainer.json` holds the step; since all
 * randomness follows from seed and step, that is the whole random state.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import { type AdamWState, createAdamW } from '../model/adamw.ts';
import { type Policy, savePolicy } from '../model/policy.ts';
import { type NamedArray, readSafetensors, writeSafetensors } from '../model/safetensors.ts';

const OPTIMIZER_FILE = 'optimizer.safetensors';
const TRAINER_FILE = 'trainer.json';

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
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
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await savePolicy(policy, temporary);
  await writeSafetensors(join(temporary, OPTIMIZER_FILE), await moments(policy, optimizer));
  await writeFileAtomic(
    join(temporary, TRAINER_FILE),
    JSON.stringify({ step, optimizerSteps: optimizer.steps }) + '\n',
  );
  await rename(temporary, dir);
  return name;
}

/** Names of the whole checkpoints of a run, oldest first. */
export async function listCheckpoints(runDir: string): Promise<string[]> {
  const dir = join(runDir, 'checkpoints');
  if (!existsSync(dir)) return [];
  return (await readdir(dir)).filter((name) => /^step-\d+$/.test(name)).sort();
}

/**
 * The folder of a checkpoint: the named one, or the newest.
 *
 * @throws UserError when the run has none, or none of that name.
 */
export async function findCheckpoint(runDir: string, name?: string): Promise<{ name: string; dir: string }> {
  const names = await listCheckpoints(runDir);
  const found = name ?? names.at(-1);
  if (found === undefined) throw new UserError(`${runDir} has no checkpoint yet; let the run finish its first step.`);
  if (!names.includes(found)) {
    throw new UserError(`${runDir} has no checkpoint "${found}"; it has ${names.join(', ') || 'none'}.`);
  }
  return { name: found, dir: checkpointDir(runDir, found) };
}

/** The optimizer's moments as they were saved, and the step; the caller disposes the state. */
export async function loadOptimizer(dir: string, policy: Policy): Promise<{ step: number; optimizer: AdamWState }> {
  const { step, optimizerSteps } = (await readJson(join(dir, TRAINER_FILE))) as {
    step: number;
    optimizerSteps: number;
  };
  const names = [...policy.parameters.keys()];
  const optimizer = createAdamW([...policy.parameters.values()]);
  optimizer.steps = optimizerSteps;
  const places = new Map<string, tf.Variable>(
    names.flatMap((name, i) => [
      [`first.${name}`, optimizer.first[i]] as const,
      [`second.${name}`, optimizer.second[i]] as const,
    ]),
  );
  await readSafetensors(join(dir, OPTIMIZER_FILE), (name, array) => {
    const place = places.get(name);
    if (place) fill(place, array);
  });
  return { step, optimizer };
}

async function moments(policy: Policy, optimizer: AdamWState): Promise<Map<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  for (const [i, name] of [...policy.parameters.keys()].entries()) {
    for (const [kind, variable] of [
      ['first', optimizer.first[i]],
      ['second', optimizer.second[i]],
    ] as const) {
      arrays.set(`${kind}.${name}`, { shape: variable.shape, values: (await variable.data()) as Float32Array });
    }
  }
  return arrays;
}

function fill(place: tf.Variable, { values, shape }: NamedArray): void {
  const tensor = tf.tensor(values, [...shape], 'float32');
  place.assign(tensor);
  tensor.dispose();
}
