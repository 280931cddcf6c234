/** @file Opening a checkpoint in the question worker before somebody asks it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../base/errors.ts';
import type { NamedCheckpoint, Rewrites } from './rewrites.ts';

/** The starter has 5 MB. A large model, and one beside an adapter, takes memory from a training: it waits for who asks. */
const MAX_WEIGHT_BYTES = 128 * 2 ** 20;

/** For somebody who is likely to ask next. Why it cannot be opened is told to them when they do. */
export async function prepare(
  rewrites: Rewrites,
  chosen: NamedCheckpoint,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const weights = join(chosen.runDir, 'checkpoints', chosen.checkpoint, 'model.safetensors');
  const sizeBytes = statSync(weights, { throwIfNoEntry: false })?.size ?? Infinity;
  if (!vscode.workspace.isTrusted || sizeBytes > MAX_WEIGHT_BYTES) return;
  try {
    await rewrites.prepare(chosen);
  } catch (error) {
    log.debug(messageOf(error));
  }
}
