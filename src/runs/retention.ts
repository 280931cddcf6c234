/**
 * @file What a checkpoint still knows beside its task, in the run folder: one JSON file for each checkpoint, whole or absent.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readIfCurrent, weightsOf } from './evaluations.ts';
import type { Interval } from './statistics.ts';

const LAYOUT = 1;

/** One probe on one checkpoint. */
export interface ProbeResult {
  /** Such as `instructions`. */
  readonly name: string;
  /** The file with the items, or `built-in`. */
  readonly source: string;
  readonly better: 'higher' | 'lower';
  /** One for each item in their order, so that two checkpoints can be compared item by item. */
  readonly values: readonly number[];
  readonly mean: number;
  /** 95 % bootstrap interval of the mean over the items. */
  readonly interval: Interval;
  /** Further means, and what was skipped. */
  readonly details: Readonly<Record<string, number>>;
  /** Where the model wrote something: what it was asked and what it said. */
  readonly answers?: readonly { readonly prompt: string; readonly answer: string }[];
}

export interface RecordedRetention {
  readonly layout: typeof LAYOUT;
  readonly checkpoint: string;
  /** What the checkpoint held then. */
  readonly weights: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly probes: readonly ProbeResult[];
}

/** Writes the probes of a checkpoint in the place of earlier ones. */
export async function writeRetention(
  runDir: string,
  retention: Pick<RecordedRetention, 'checkpoint' | 'at' | 'probes'>,
): Promise<void> {
  const { checkpoint } = retention;
  const recorded: RecordedRetention = { layout: LAYOUT, ...retention, weights: weightsOf(runDir, checkpoint) };
  await mkdir(join(runDir, 'retention'), { recursive: true });
  await writeFileAtomic(join(runDir, 'retention', `${checkpoint}.json`), `${JSON.stringify(recorded)}\n`);
}

/** The probes of a checkpoint; null when there are none, or when the checkpoint is another by now. */
export function readRetention(runDir: string, checkpoint: string): RecordedRetention | null {
  const path = join(runDir, 'retention', `${checkpoint}.json`);
  return readIfCurrent<RecordedRetention>(path, LAYOUT, weightsOf(runDir, checkpoint));
}
