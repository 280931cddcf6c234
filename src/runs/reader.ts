/**
 * @file The reading side of a run folder: any number of processes, while one trains or long after.
 *
 * A reader polls: `dataVersion()` changes when the writer committed something, `eventsAfter` gives what is new. Rollouts and
 * evaluation rows are read on demand, because a long run has hundreds of thousands.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf, UserError } from '../base/errors.ts';
import type { Split } from '../data/task.ts';
import { DATABASE_FILE, explained, openDatabase, snapshot } from './database.ts';
import type { EvaluationRow, GuardName, Rollout, RolloutGroup, RolloutPlace, RunState, TokenTrace } from './events.ts';
import { isWriterAlive } from './lock.ts';
import type {
  CheckpointEntry,
  EvaluationSummary,
  Metrics,
  Parent,
  RecordedEvaluation,
  RecordedEvent,
  RunInfo,
} from './records.ts';
import { type TraceRow, unpackTrace } from './token-traces.ts';

export interface RunReader {
  info(): RunInfo;
  /** What was recorded after the event with id `cursor`, oldest first; 0 for everything. */
  eventsAfter(cursor: number): readonly RecordedEvent[];
  /** The rollouts of a step that counts, without their tokens; empty when there is no such step. */
  groups(step: number): readonly RolloutGroup[];
  /** A rollout token by token, by its places in the step; null when the run did not record that. */
  trace(step: number, group: number, place: number): TokenTrace | null;
  /** The rows of the evaluation that was recorded as event `id`. */
  evaluationRows(id: number): readonly EvaluationRow[];
  /** The evaluations that count, oldest first. */
  evaluations(): readonly RecordedEvaluation[];
  /** Checkpoints that count and whose folder is there, oldest first. */
  checkpoints(): readonly CheckpointEntry[];
  /** Titles of documents, for those that the run has met. */
  titles(ids: Iterable<string>): ReadonlyMap<string, string>;
  /** Grades above 0 by document id, for an example that the run has met. */
  judgments(exampleId: string): ReadonlyMap<string, number>;
  /** Whether a process writes the run now. */
  alive(): boolean;
  /** Changes when another process has committed something. */
  dataVersion(): number;
  close(): void;
}

/** @throws UserError when the folder holds no run that can be read. */
export function openRunReader(dir: string): RunReader {
  if (!existsSync(join(dir, DATABASE_FILE)))
    throw new UserError(`${dir} holds no run; choose a folder that has run.sqlite.`);
  const db = openDatabase(dir, 'read');
  // One snapshot for each question, however many queries it takes: the writer may commit in between.
  const read = <T>(work: () => T): T =>
    explained(join(dir, DATABASE_FILE), 'The run could not be read', () => snapshot(db, work));
  return {
    info: () => read(() => readInfo(db, dir)),
    eventsAfter: (cursor) => read(() => readEvents(db, cursor)),
    groups: (step) => read(() => readGroups(db, step)),
    trace: (step, group, place) => read(() => readTrace(db, step, group, place)),
    evaluationRows: (id) => read(() => readEvaluationRows(db, id)),
    evaluations: () => read(() => readEvaluations(db)),
    checkpoints: () => read(() => readCheckpoints(db, dir)),
    titles: (ids) => read(() => readTitles(db, ids)),
    judgments: (exampleId) => read(() => readJudgments(db, exampleId)),
    alive: () => isWriterAlive(dir),
    dataVersion: () => Number(db.prepare('PRAGMA data_version').get()?.data_version),
    close: () => {
      db.close();
    },
  };
}

/** What a folder under the runs folder turned out to be. */
export type RunListing =
  | { readonly kind: 'run'; readonly info: RunInfo; readonly checkpoints: readonly CheckpointEntry[] }
  | { readonly kind: 'unreadable'; readonly dir: string; readonly message: string };

/** The runs directly under `root`, newest first; those that cannot be read come last. A missing root has none. */
export function listRuns(root: string): readonly RunListing[] {
  if (!existsSync(root)) return [];
  const listings = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, DATABASE_FILE)))
    .map((entry) => listRun(join(root, entry.name)));
  const startedAt = (item: RunListing): number => (item.kind === 'run' ? item.info.startedAt : -Infinity);
  return listings.sort((a, b) => startedAt(b) - startedAt(a) || 0);
}

/** One run, whatever state its folder is in. */
export function listRun(dir: string): RunListing {
  try {
    const reader = openRunReader(dir);
    try {
      return { kind: 'run', info: reader.info(), checkpoints: reader.checkpoints() };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: 'unreadable', dir, message: messageOf(error) };
  }
}

function readInfo(db: DatabaseSync, dir: string): RunInfo {
  // Asked before and after reading the state: a writer that ends says so before it lets go of the lock, and one that
  // begins takes the lock before it says so. Only a lock that was free both times makes "running" a lie.
  const aliveBefore = isWriterAlive(dir);
  const run = db.prepare('SELECT * FROM run').get();
  if (!run) throw new UserError(`${dir} holds an empty run; delete the folder and start again.`);
  const last = db.prepare("SELECT detail FROM events WHERE kind = 'state' ORDER BY id DESC LIMIT 1").get();
  const engine = db
    .prepare(
      "SELECT detail ->> '$.engine' AS name FROM events WHERE kind = 'state' AND name IS NOT NULL ORDER BY id DESC LIMIT 1",
    )
    .get();
  const progress = db
    .prepare("SELECT coalesce(max(step), 0) AS step FROM events WHERE kind = 'step' AND discarded = 0")
    .get();
  const updated = db.prepare('SELECT max(at) AS at FROM events').get();
  const said = last ? (JSON.parse(text(last.detail)) as StateDetail) : { state: 'running' as const, engine: undefined };
  const silent = (said.state === 'running' || said.state === 'paused') && !aliveBefore && !isWriterAlive(dir);
  return {
    dir,
    name: text(run.name),
    config: JSON.parse(text(run.config)) as Record<string, unknown>,
    taskName: text(run.task_name),
    taskDir: text(run.task_dir),
    totalSteps: Number(run.total_steps),
    startedAt: Number(run.started_at),
    ...((run.parent ?? null) === null ? {} : { parent: JSON.parse(text(run.parent)) as Parent }), // since layout 3
    ...(silent ? { state: 'failed', message: 'The training process ended without saying why.' } : said),
    ...(engine ? { engine: text(engine.name) } : {}),
    step: Number(progress?.step),
    updatedAt: Number(updated?.at ?? run.started_at),
  };
}

function readEvents(db: DatabaseSync, cursor: number): readonly RecordedEvent[] {
  const metrics = new Map<number, Record<string, number>>();
  const values = db.prepare('SELECT event, name, value FROM metrics WHERE event > ?');
  values.setReturnArrays(true); // a long run has tens of thousands
  for (const [event, name, value] of values.all(cursor) as unknown as readonly (readonly unknown[])[]) {
    const id = Number(event);
    if (!metrics.has(id)) metrics.set(id, {});
    metrics.get(id)![text(name)] = number(value);
  }
  const evaluations = new Map<number, EvaluationSummary>();
  for (const row of db.prepare('SELECT * FROM evaluations WHERE event > ?').iterate(cursor)) {
    evaluations.set(Number(row.event), summaryOf(row));
  }
  const rows = db
    .prepare('SELECT id, kind, step, at, detail, discarded FROM events WHERE id > ? ORDER BY id')
    .all(cursor);
  return rows.map((row): RecordedEvent => {
    const id = Number(row.id);
    const base = { id, step: Number(row.step), at: Number(row.at), discarded: row.discarded === 1 };
    const kind = text(row.kind) as RecordedEvent['kind'];
    switch (kind) {
      case 'step':
        return { ...base, kind, metrics: metrics.get(id) ?? {} };
      case 'evaluation':
        return { ...base, kind, evaluation: evaluations.get(id)! };
      case 'checkpoint':
        return { ...base, kind, ...(JSON.parse(text(row.detail)) as { name: string }) };
      case 'state':
        return { ...base, kind, ...(JSON.parse(text(row.detail)) as StateDetail) };
      case 'guard':
        return { ...base, kind, ...(JSON.parse(text(row.detail)) as GuardDetail) };
      case 'discard':
        return { ...base, kind };
    }
  });
}

interface StateDetail {
  readonly state: RunState;
  readonly message?: string;
  readonly engine?: string;
}

interface GuardDetail {
  readonly guard: GuardName;
  readonly message: string;
  readonly rollout?: RolloutPlace;
}

/** The event of a step that counts. */
function eventOf(db: DatabaseSync, step: number): number | undefined {
  const row = db.prepare("SELECT id FROM events WHERE kind = 'step' AND discarded = 0 AND step = ?").get(step);
  return row && Number(row.id);
}

function readTrace(db: DatabaseSync, step: number, group: number, place: number): TokenTrace | null {
  const isKept = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'token_traces'").get(); // not before layout 3
  const event = eventOf(db, step);
  if (!isKept || event === undefined) return null;
  const row = db
    .prepare(
      `SELECT text, lengths, log_probs AS logProbs, reference
       FROM token_traces NATURAL JOIN rollouts WHERE event = ? AND group_position = ? AND position = ?`,
    )
    .get(event, group, place);
  return row ? unpackTrace(row as unknown as TraceRow, text(row.text)) : null;
}

function readGroups(db: DatabaseSync, step: number): readonly RolloutGroup[] {
  const event = eventOf(db, step);
  if (event === undefined) return [];
  const rollouts = new Map<number, Rollout[]>();
  const rows = db.prepare('SELECT * FROM rollouts WHERE event = ? ORDER BY group_position, position').iterate(event);
  for (const row of rows) {
    const group = Number(row.group_position);
    if (!rollouts.has(group)) rollouts.set(group, []);
    rollouts.get(group)!.push({
      text: text(row.text),
      rewrite: nullableText(row.rewrite),
      format: text(row.format),
      reward: row.reward === null ? null : Number(row.reward),
      terms: JSON.parse(text(row.terms)) as Record<string, number>,
      advantage: number(row.advantage),
      tokens: Number(row.tokens),
      logProb: number(row.log_prob),
      top: JSON.parse(text(row.top)) as string[],
      ...(row.error === null ? {} : { error: text(row.error) }),
      ...((row.note ?? null) === null ? {} : { note: text(row.note) }), // layout 1 has no such column
    });
  }
  return db
    .prepare('SELECT * FROM rollout_groups WHERE event = ? ORDER BY position')
    .all(event)
    .map((row) => ({
      exampleId: text(row.example),
      query: text(row.query),
      baseline: {
        ndcg: row.baseline_ndcg === null ? null : Number(row.baseline_ndcg),
        top: JSON.parse(text(row.baseline_top)) as string[],
      },
      rollouts: rollouts.get(Number(row.position)) ?? [],
    }));
}

function readEvaluationRows(db: DatabaseSync, event: number): readonly EvaluationRow[] {
  return db
    .prepare('SELECT * FROM evaluation_rows WHERE event = ? ORDER BY position')
    .all(event)
    .map((row) => ({
      exampleId: text(row.example),
      query: text(row.query),
      rewrite: nullableText(row.rewrite),
      format: text(row.format),
      metrics: JSON.parse(text(row.metrics)) as Metrics,
      baseline: JSON.parse(text(row.baseline)) as Metrics,
      top: JSON.parse(text(row.top)) as string[],
      baselineTop: JSON.parse(text(row.baseline_top)) as string[],
    }));
}

function readEvaluations(db: DatabaseSync): readonly RecordedEvaluation[] {
  const rows = db
    .prepare('SELECT * FROM evaluations JOIN events ON events.id = event WHERE discarded = 0 ORDER BY event')
    .all();
  return rows.map((row) => ({ id: Number(row.event), step: Number(row.step), ...summaryOf(row) }));
}

function summaryOf(row: Readonly<Record<string, unknown>>): EvaluationSummary {
  return {
    checkpoint: nullableText(row.checkpoint),
    split: text(row.split) as Split,
    metrics: JSON.parse(text(row.metrics)) as Metrics,
    baseline: JSON.parse(text(row.baseline)) as Metrics,
  };
}

function readCheckpoints(db: DatabaseSync, dir: string): readonly CheckpointEntry[] {
  // A checkpoint that was written again after a resume has two events; the newest is the one on disk.
  const byName = new Map<string, CheckpointEntry>();
  const rows = db
    .prepare("SELECT step, detail FROM events WHERE kind = 'checkpoint' AND discarded = 0 ORDER BY id")
    .all();
  for (const row of rows) {
    const { name } = JSON.parse(text(row.detail)) as { name: string };
    byName.set(name, { name, step: Number(row.step), dir: join(dir, 'checkpoints', name) });
  }
  return [...byName.values()].filter((checkpoint) => existsSync(checkpoint.dir)).sort((a, b) => a.step - b.step);
}

function readTitles(db: DatabaseSync, ids: Iterable<string>): ReadonlyMap<string, string> {
  const find = db.prepare('SELECT title FROM documents WHERE id = ?');
  const titles = new Map<string, string>();
  for (const id of ids) {
    const row = find.get(id);
    if (row) titles.set(id, text(row.title));
  }
  return titles;
}

function readJudgments(db: DatabaseSync, exampleId: string): ReadonlyMap<string, number> {
  const rows = db.prepare('SELECT document, grade FROM judgments WHERE example = ?').all(exampleId);
  return new Map(rows.map(({ document, grade }) => [text(document), Number(grade)]));
}

/** A column that the schema says is text. */
function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected text from the run's database, got ${typeof value}`);
  return value;
}

function nullableText(value: unknown): string | null {
  return value === null ? null : text(value);
}

/** SQLite keeps NaN as NULL. */
function number(value: unknown): number {
  return value === null ? NaN : Number(value);
}
