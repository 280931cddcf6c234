/** @file A checkpoint for use elsewhere: a whole model or an adapter for the Python world, or one file for llama.cpp. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { isAdapterFolder } from '../model/adapter-folder.ts';
import { writeGgufModel } from '../model/gguf-model.ts';
import { disposePolicy, type Policy, savePolicy, saveWhole, wholeTensors } from '../model/policy.ts';
import { findCheckpoint } from '../runs/checkpoint.ts';
import { openBackend } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import { storedConfig } from './stored-config.ts';

export const EXPORT_FORMATS = ['merged', 'adapter', 'gguf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How numbers are stored. */
export const EXPORT_DTYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const;
export type ExportDType = keyof typeof EXPORT_DTYPES;

export interface ExportRequest {
  readonly runDir: string;
  /** The newest when left out. */
  readonly checkpoint?: string;
  /** A new or empty folder. */
  readonly out: string;
  readonly format: ExportFormat;
  readonly dtype: ExportDType;
}

export interface ExportSummary {
  readonly checkpoint: string;
  readonly out: string;
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
}

/**
 * Writes a checkpoint in another format; the folder appears whole or not at all.
 *
 * @throws UserError for an unknown or damaged checkpoint, a folder that holds something, and a format that cannot hold the
 * model.
 */
export async function exportCheckpoint(request: ExportRequest): Promise<ExportSummary> {
  const { runDir } = request;
  const out = resolve(request.out);
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new UserError(`${out} is not empty; give --out a new folder, or remove it first.`);
  }
  const config = storedConfig(runDir);
  const { name, dir } = await findCheckpoint(runDir, request.checkpoint);
  await openBackend(config);
  const policy = await openCheckpoint(dir, config);
  const partial = `${out}.${process.pid}.tmp`;
  try {
    await mkdir(partial, { recursive: true });
    await write(policy, partial, `${basename(resolve(runDir))}-${name}`, request);
    await rm(out, { recursive: true, force: true }); // at most an empty folder
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  } finally {
    disposePolicy(policy);
  }
  return { checkpoint: name, out, files: await filesOf(out) };
}

async function write(policy: Policy, dir: string, name: string, { format, dtype }: ExportRequest): Promise<void> {
  if (format === 'gguf') {
    const model = { ...policy, tensors: wholeTensors(policy) };
    await writeGgufModel(join(dir, `${name}-${dtype}.gguf`), model, name, EXPORT_DTYPES[dtype]);
    return;
  }
  if (format === 'adapter') checkAdapter(policy);
  const save = format === 'adapter' ? savePolicy : saveWhole;
  await save(policy, dir, EXPORT_DTYPES[dtype]);
}

function checkAdapter({ lora }: Policy): void {
  if (!lora) throw new UserError('This run trained every weight, so there is no adapter; export it as merged.');
  if (isAdapterFolder(lora.base.dir)) {
    throw new UserError(`The base of this adapter has another one in it (${lora.base.dir}); export it as merged.`);
  }
}

async function filesOf(dir: string): Promise<{ name: string; sizeBytes: number }[]> {
  const names = readdirSync(dir).sort();
  return Promise.all(names.map(async (name) => ({ name, sizeBytes: (await stat(join(dir, name))).size })));
}
