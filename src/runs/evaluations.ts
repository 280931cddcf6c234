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
  const path = evaluationPath(runDir, arm, split);
  if (!existsSync(path)) return null;
  const recorded = parsed(readFileSync(path, 'utf8'));
  return recorded?.layout === LAYOUT && recorded.weights === weightsOf(runDir, arm) ? recorded : null;
}

/** Null for a file that was damaged: what it held can be evaluated again. */
function parsed(text: string): RecordedEvaluation | null {
  try {
    return JSON.parse(text) as RecordedEvaluation;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
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
