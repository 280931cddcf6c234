/**
 * @file The writing side of a run folder. One process writes; `reader.ts` is for everybody else.
 *
 * An event and all that belongs to it (rollouts, metrics, the position to resume from) is one transaction: after a crash it
 * is there whole or not at all, and never twice.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { UserError } from '../base/errors.ts';
import type { Example, Task } from '../data/task.ts';
import { SPLITS } from '../data/task.ts';
import { createDatabase, DATABASE_FILE, explained, openDatabase, transaction } from './database.ts';
import type { Evaluation, RolloutGroup, RunEvent } from './events.ts';
import { acquireWriterLock } from './lock.ts';
import type { Parent } from './records.ts';
import { packTrace } from './token-traces.ts';

export interface NewRun {
  readonly name: string;
  /** JSON-safe; the store does not look inside. */
  readonly config: object;
  readonly taskName: string;
  readonly taskDir: string;
  readonly totalSteps: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly parent?: Parent;
}

export interface WriterOptions {
  /** Titles and grades of what occurs are copied from it, so that a reader can show a ranking from the run folder alone. */
  readonly task?: Task;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface RunWriter {
  /**
   * Records an event at once and durably.
   *
   * @param position what `position()` gives back to a later process: JSON-safe, the trainer's own business.
   * @throws UserError when it cannot be recorded (full disk, locked file). Nothing of it is kept then, and nothing earlier is lost.
   */
  append(event: RunEvent, position?: unknown): void;
  /** The newest position that still counts, with its step; null before the first. */
  position(): { readonly step: number; readonly position: unknown } | null;
  /** Marks steps, evaluations, checkpoints and guards after `step` as taken back; training goes on from there. */
  discardAfter(step: number): void;
  setTotalSteps(steps: number): void;
  /** Lets the next writer in. */
  close(): void;
}

/** @throws UserError when the folder already holds a run, or checkpoints of one. */
export function refuseExistingRun(dir: string): void {
  if (existsSync(join(dir, DATABASE_FILE)) || existsSync(join(dir, 'checkpoints'))) {
    throw new UserError(`${dir} already holds a run; choose another folder for a new one.`);
  }
}

/**
 * Makes the run folder, with parents, and what describes the run in it.
 *
 * @throws UserError when the folder already holds a run.
 */
export function createRun(dir: string, run: NewRun): void {
  mkdirSync(dir, { recursive: true });
  const lock = acquireWriterLock(dir);
  try {
    createDatabase(dir, (db) => {
      const { name, config, taskName, taskDir, totalSteps, startedAt } = run;
      const parent = run.parent ? JSON.stringify(run.parent) : null;
      const values = [name, JSON.stringify(config), taskName, taskDir, totalSteps, startedAt, parent];
      db.prepare('INSERT INTO run VALUES (1, ?, ?, ?, ?, ?, ?, ?)').run(...values);
    });
  } finally {
    lock.release();
  }
}

/**
 * Opens a run for writing.
 *
 * @throws UserError when the folder holds no run, or another process writes it.
 */
export function openRunWriter(dir: string, options: WriterOptions = {}): RunWriter {
  const now = options.now ?? Date.now;
  const lock = acquireWriterLock(dir);
  let db: DatabaseSync;
  try {
    db = openDatabase(dir, 'write');
  } catch (error) {
    lock.release();
    throw error;
  }
  const path = join(dir, DATABASE_FILE);
  const insert = inserts(db, options.task);
  const write = (what: string, work: () => void): void => {
    explained(path, `${what} was not recorded, everything before it is safe`, () => {
      transaction(db, work);
    });
  };
  return {
    append: (event, position) => {
      write(describe(event), () => {
        insert(event, now(), position);
      });
    },
    position: () => {
      const row = db
        .prepare(
          'SELECT step, position FROM events WHERE position IS NOT NULL AND discarded = 0 ORDER BY id DESC LIMIT 1',
        )
        .get();
      return row ? { step: Number(row.step), position: JSON.parse(String(row.position)) as unknown } : null;
    },
    discardAfter: (step) => {
      write(`Going back to step ${step}`, () => {
        db.prepare("UPDATE events SET discarded = 1 WHERE step > ? AND kind NOT IN ('state', 'discard')").run(step);
        db.prepare("INSERT INTO events (kind, step, at) VALUES ('discard', ?, ?)").run(step, now());
      });
    },
    setTotalSteps: (steps) => {
      write('The number of steps', () => {
        db.prepare('UPDATE run SET total_steps = ?').run(steps);
      });
    },
    close: () => {
      db.close();
      lock.release();
    },
  };
}

/** Prepared statements and the one function that spreads an event over the tables. Call inside a transaction. */
function inserts(db: DatabaseSync, task: Task | undefined): (event: RunEvent, at: number, position: unknown) => void {
  const addEvent = db.prepare('INSERT INTO events (kind, step, at, detail, position) VALUES (?, ?, ?, ?, ?)');
  const addMetric = db.prepare('INSERT INTO metrics VALUES (?, ?, ?)');
  const addGroups = groupInserts(db);
  const addEvaluation = evaluationInserts(db);
  const addTask = task ? taskInserts(db, task) : undefined;
  return (event, at, position) => {
    const positionJson = position === undefined ? null : JSON.stringify(position);
    const id = addEvent.run(event.kind, stepOf(event), at, detailOf(event), positionJson).lastInsertRowid;
    if (event.kind === 'step') {
      for (const [name, value] of Object.entries(event.metrics)) addMetric.run(id, name, value as number);
      addGroups(id, event.groups);
      addTask?.(event.groups.map((g) => [g.exampleId, [g.baseline.top, ...g.rollouts.map(({ top }) => top)].flat()]));
    } else if (event.kind === 'evaluation') {
      addEvaluation(id, event.evaluation);
      addTask?.(event.evaluation.rows.map((row) => [row.exampleId, [...row.top, ...row.baselineTop]]));
    }
  };
}

function groupInserts(db: DatabaseSync): (event: number | bigint, groups: readonly RolloutGroup[]) => void {
  const addGroup = db.prepare('INSERT INTO rollout_groups VALUES (?, ?, ?, ?, ?, ?)');
  const addRollout = db.prepare('INSERT INTO rollouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addTrace = db.prepare('INSERT INTO token_traces VALUES (?, ?, ?, ?, ?, ?)');
  return (event, groups) => {
    groups.forEach(({ exampleId, query, baseline, rollouts }, g) => {
      addGroup.run(event, g, exampleId, query, baseline.ndcg, JSON.stringify(baseline.top));
      rollouts.forEach((rollout, r) => {
        const { text, rewrite, format, reward, terms, advantage, tokens, logProb, top, error, note, trace } = rollout;
        addRollout.run(
          ...[event, g, r, text, rewrite, format, reward, JSON.stringify(terms)],
          ...[advantage, tokens, logProb, JSON.stringify(top), error ?? null, note ?? null],
        );
        if (!trace) return;
        const { lengths, logProbs, reference } = packTrace(trace);
        addTrace.run(event, g, r, lengths, logProbs, reference);
      });
    });
  };
}

function evaluationInserts(db: DatabaseSync): (event: number | bigint, evaluation: Evaluation) => void {
  const addEvaluation = db.prepare('INSERT INTO evaluations VALUES (?, ?, ?, ?, ?)');
  const addRow = db.prepare('INSERT INTO evaluation_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  return (event, { checkpoint, split, metrics, baseline, rows }) => {
    addEvaluation.run(event, checkpoint, split, JSON.stringify(metrics), JSON.stringify(baseline));
    rows.forEach((row, r) => {
      addRow.run(
        ...[event, r, row.exampleId, row.query, row.rewrite, row.format],
        ...[row.metrics, row.baseline, row.top, row.baselineTop].map((value) => JSON.stringify(value)),
      );
    });
  };
}

/** Copies the grades of the examples that are shown, and the titles of the documents shown or judged for them. */
function taskInserts(db: DatabaseSync, task: Task): (shown: readonly (readonly [string, readonly string[]])[]) => void {
  const addDocument = db.prepare('INSERT OR IGNORE INTO documents VALUES (?, ?)');
  const addJudgment = db.prepare('INSERT OR IGNORE INTO judgments VALUES (?, ?, ?)');
  const titles = new Map(task.documents.map(({ id, title }) => [id, title]));
  const examples = new Map<string, Example>(SPLITS.flatMap((split) => task.examples[split]).map((e) => [e.id, e]));
  return (shown) => {
    const documentIds = new Set<string>();
    for (const [exampleId, ids] of shown) {
      for (const id of ids) documentIds.add(id);
      for (const [id, grade] of examples.get(exampleId)?.relevant ?? []) {
        documentIds.add(id);
        addJudgment.run(exampleId, id, grade);
      }
    }
    for (const id of documentIds) {
      const title = titles.get(id);
      if (title !== undefined) addDocument.run(id, title);
    }
  };
}

function stepOf(event: RunEvent): number {
  return event.kind === 'evaluation' ? event.evaluation.step : event.step;
}

/** What has no table of its own. */
function detailOf(event: RunEvent): string | null {
  if (event.kind === 'state')
    return JSON.stringify({ state: event.state, message: event.message, engine: event.engine });
  if (event.kind === 'guard') {
    return JSON.stringify({ guard: event.guard, message: event.message, rollout: event.rollout });
  }
  return event.kind === 'checkpoint' ? JSON.stringify({ name: event.name }) : null;
}

function describe(event: RunEvent): string {
  if (event.kind === 'state') return `The state "${event.state}"`;
  if (event.kind === 'guard') return `What stopped step ${event.step}`;
  if (event.kind === 'evaluation') return `The evaluation of step ${event.evaluation.step}`;
  return event.kind === 'step' ? `Step ${event.step}` : `The checkpoint of step ${event.step}`;
}
