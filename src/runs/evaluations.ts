/**
 * @file Evaluations that somebody asked for, in the run folder: one JSON file for each arm and split, whole or absent, so that
 * they can be written while another process trains the run. What training evaluates by itself is in the run's database.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { Split } from '../data/task.ts';
import { CHECKSUMS_FILE } from './checksums.ts';
import type { EvaluationRow } from './events.ts';
import type { Interval } from './statistics.ts';

const LAYOUT = 1;

export interface RecordedEvaluation {
  readonly layout: typeof LAYOUT;
  /** A checkpoint's name, or what else was evaluated. */
  readonly arm: string;
  readonly split: Split;
  /** What the checkpoint held then; null for what is no checkpoint of this run. */
  readonly weights: string | null;
  /** Those settings that answers and their measuring depend on. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** 95 % bootstrap intervals of the means. */
  readonly intervals: Readonly<Record<string, Interval>>;
  readonly baseline: Readonly<Record<string, number>>;
  /** Sums over the queries: tokens and seconds. */
  readonly cost: Readonly<Record<string, number>>;
  readonly rows: readonly EvaluationRow[];
  /** Document id to title, of what the rows show. */
  readonly titles: Readonly<Record<string, string>>;
  /** Example id to document id to grade, grades above 0. */
  readonly grades: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Writes an evaluation in the place of an earlier one of the same arm and split. */
export async function writeEvaluation(
  runDir: string,
  evaluation: Omit<RecordedEvaluation, 'layout' | 'weights'>,
): Promise<void> {
  const { arm, split } = evaluation;
  const path = evaluationPath(runDir, arm, split);
  await mkdir(join(runDir, 'evaluations'), { recursive: true });
  const recorded: RecordedEvaluation = { layout: LAYOUT, ...evaluation, weights: weightsOf(runDir, arm) };
  await writeFileAtomic(path, `${JSON.stringify(recorded)}\n`);
}

/**
 * The evaluation of an arm on a split; null when there is none, or when the checkpoint is another by now, as after a resume
 * with other settings.
 */
export function readEvaluation(runDir: string, arm: string, split: Split): RecordedEvaluation | null {
  return readIfCurrent<RecordedEvaluation>(evaluationPath(runDir, arm, split), LAYOUT, weightsOf(runDir, arm));
}

/** What was recorded of a checkpoint; null for a file that is absent, damaged, of another layout or of other weights. */
export function readIfCurrent<R extends { readonly layout: number; readonly weights: string | null }>(
  path: string,
  layout: R['layout'],
  weights: string | null,
): R | null {
  if (!existsSync(path)) return null;
  try {
    const recorded = JSON.parse(readFileSync(path, 'utf8')) as R;
    return recorded.layout === layout && recorded.weights === weights ? recorded : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null; // what it held can be had again
    throw error;
  }
}

/** Names that are no file names, such as a model's folder, are encoded as in URLs. */
function evaluationPath(runDir: string, arm: string, split: Split): string {
  return join(runDir, 'evaluations', `${encodeURIComponent(arm)}-${split}.json`);
}

/** What tells the files of a checkpoint from those of any other: a hash of their checksums. */
export function weightsOf(runDir: string, checkpoint: string): string | null {
  const path = join(runDir, 'checkpoints', checkpoint, CHECKSUMS_FILE);
  if (!/^step-\d+$/.test(checkpoint) || !existsSync(path)) return null;
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
