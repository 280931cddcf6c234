/**
 * @file Two arms on the same queries: checkpoints of one run or of two, the queries as they were typed, or anything else that
 * can be evaluated. What the runs already hold is not evaluated again.
 */
import { UserError } from '../base/errors.ts';
import type { Split } from '../data/task.ts';
import {
  asTyped,
  compareEvaluations,
  type ComparedSide,
  type Comparison,
  ndcgName,
  RAW_QUERY,
} from '../runs/comparison.ts';
import { openRunReader } from '../runs/reader.ts';
import { recordedRows } from '../runs/recorded-comparison.ts';
import type { RunConfig } from './config.ts';
import { armSettings, evaluateArms } from './evaluate.ts';
import { type ArmSettings, checkpointOf, configOfCheckpoint, evaluationSettings, shownName } from './open-arm.ts';
import { storedConfig } from './stored-config.ts';

export interface ComparisonQuestion {
  /** Says what is searched and how it is measured, for both. */
  readonly runDir: string;
  /** What `openArm` takes: a checkpoint's name, `raw`, `RUN:step-000100`. */
  readonly a: string;
  readonly b: string;
  readonly split: Split;
  /** NDCG unless given. */
  readonly metric?: string;
  readonly minimumEffect?: number;
  /** Settings that win over those of the run. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Refuses what the runs do not hold yet, where nobody would wait for an evaluation. */
  readonly recordedOnly?: boolean;
}

/** The answers of both on the split, with a paired test. Positive differences speak for `b`. */
export async function compareArms(question: ComparisonQuestion, turn: () => Promise<void>): Promise<Comparison> {
  const { runDir, split, minimumEffect, settings } = question;
  const asked = { runDir, split, ...(settings && { settings }) };
  const context = armSettings(asked);
  const [a, b] = [question.a, question.b];
  const sides = new Map<string, ComparedSide>();
  for (const arm of [a, b]) {
    const side = await recordedSide(arm, split, context);
    if (side) sides.set(arm, side);
  }
  // Rows of any other arm hold what the raw query found.
  const missing = [...new Set([a, b])].filter((arm) => !sides.has(arm) && (arm !== RAW_QUERY || a === b));
  if (question.recordedOnly === true && missing.length > 0) {
    throw new UserError(
      `There is no evaluation of ${missing.join(' and ')} on the ${split} queries yet; compare again.`,
    );
  }
  let next = 0;
  for await (const { arm, rows } of evaluateArms({ ...asked, arms: missing }, turn)) {
    const text = missing[next++];
    sides.set(text, { name: arm, rows, settings: await settingsOf(text, context) });
  }
  const [sideA, sideB] = [sides.get(a) ?? asRaw(sides.get(b)!), sides.get(b) ?? asRaw(sides.get(a)!)];
  const metric = question.metric ?? ndcgName(sideB.rows[0]?.metrics ?? {});
  return compareEvaluations(sideA, sideB, split, { metric, ...(minimumEffect !== undefined && { minimumEffect }) });
}

function asRaw({ rows, settings = {} }: ComparedSide): ComparedSide {
  return { name: RAW_QUERY, rows: rows.map(asTyped), settings };
}

async function recordedSide(arm: string, split: Split, context: ArmSettings): Promise<ComparedSide | undefined> {
  const checkpoint = await checkpointOf(arm, context);
  if (!checkpoint) return undefined;
  const config = configOfCheckpoint(checkpoint, context);
  const reader = openRunReader(checkpoint.runDir);
  try {
    const rows = recordedRows(reader, checkpoint.name, split, evaluationSettings(config));
    return rows ? { name: shownName(checkpoint, context), rows, settings: await settingsOf(arm, context) } : undefined;
  } finally {
    reader.close();
  }
}

/** Those of the run that an arm belongs to. */
async function settingsOf(arm: string, context: ArmSettings): Promise<RunConfig> {
  const checkpoint = await checkpointOf(arm, context);
  return checkpoint ? storedConfig(checkpoint.runDir) : context.config;
}
