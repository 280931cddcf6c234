/**
 * @file How a run's SQLite file is opened, what is in it, and how SQLite's errors read.
 *
 * `node:sqlite` is loaded on first use and not at import time: the extension's activation must cost nothing.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf, UserError } from '../base/errors.ts';

export const DATABASE_FILE = 'run.sqlite';

/**
 * Raised when a table changes; a file of a newer version is refused, never guessed at. An older one is read as it is, and brought
 * up to date before it is written.
 */
const SCHEMA_VERSION = 3;
/** Dear in bytes and seldom looked at, so apart from the rollouts. Blobs of little-endian numbers, one for each token. */
const TOKEN_TRACES = `
CREATE TABLE token_traces (
  event INTEGER NOT NULL REFERENCES events,
  group_position INTEGER NOT NULL,
  position INTEGER NOT NULL,
  lengths BLOB NOT NULL, -- uint16: UTF-16 units of the rollout's text
  log_probs BLOB NOT NULL, -- float32
  reference BLOB, -- float32
  PRIMARY KEY (event, group_position, position)
) STRICT, WITHOUT ROWID;
`;

/** [version - 1] what makes the next version of it. */
const UPGRADES: readonly string[] = [
  'ALTER TABLE rollouts ADD COLUMN note TEXT',
  `ALTER TABLE run ADD COLUMN parent TEXT; ${TOKEN_TRACES}`,
];

/** How long a connection waits for another one's transaction. Ours take milliseconds; a backup tool may take longer. */
const BUSY_TIMEOUT_MILLIS = 5000;

/**
 * Everything that was appended is one row in `events`; what belongs to it hangs on its id and came in the same transaction.
 * `discarded` marks what a resume from an older checkpoint took back: it stays to be seen and no longer counts.
 */
const SCHEMA = `
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  config TEXT NOT NULL,
  task_name TEXT NOT NULL,
  task_dir TEXT NOT NULL,
  total_steps INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  parent TEXT
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  detail TEXT,
  position TEXT,
  discarded INTEGER NOT NULL DEFAULT 0
) STRICT;
-- A step counts once, whatever crashed in between.
CREATE UNIQUE INDEX step_once ON events (step) WHERE kind = 'step' AND discarded = 0;
CREATE TABLE metrics (
  event INTEGER NOT NULL REFERENCES events,
  name TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (event, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollout_groups (
  event INTEGER NOT NULL REFERENCES events,
  position INTEGER NOT NULL,
  example TEXT NOT NULL,
  query TEXT NOT NULL,
  baseline_ndcg REAL,
  baseline_top TEXT NOT NULL,
  PRIMARY KEY (event, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollouts (
  event INTEGER NOT NULL REFERENCES events,
  group_position INTEGER NOT NULL,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  rewrite TEXT,
  format TEXT NOT NULL,
  reward REAL,
  terms TEXT NOT NULL,
  advantage REAL,
  tokens INTEGER NOT NULL,
  log_prob REAL,
  top TEXT NOT NULL,
  error TEXT,
  note TEXT,
  PRIMARY KEY (event, group_position, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE evaluations (
  event INTEGER PRIMARY KEY REFERENCES events,
  checkpoint TEXT,
  split TEXT NOT NULL,
  metrics TEXT NOT NULL,
  baseline TEXT NOT NULL
) STRICT;
CREATE TABLE evaluation_rows (
  event INTEGER NOT NULL REFERENCES events,
  position INTEGER NOT NULL,
  example TEXT NOT NULL,
  query TEXT NOT NULL,
  rewrite TEXT,
  format TEXT NOT NULL,
  metrics TEXT NOT NULL,
  baseline TEXT NOT NULL,
  top TEXT NOT NULL,
  baseline_top TEXT NOT NULL,
  PRIMARY KEY (event, position)
) STRICT, WITHOUT ROWID;
-- What a reader needs of the task to show a ranking, for the documents and examples that occurred.
CREATE TABLE documents (id TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE judgments (
  example TEXT NOT NULL,
  document TEXT NOT NULL,
  grade REAL NOT NULL,
  PRIMARY KEY (example, document)
) STRICT, WITHOUT ROWID;
${TOKEN_TRACES}`;

/**
 * A new database in `dir`, filled in the same transaction. It is made under another name and renamed when it is complete, so
 * that a reader finds it whole or not at all.
 */
export function createDatabase(dir: string, fill: (db: DatabaseSync) => void): void {
  const path = join(dir, DATABASE_FILE);
  if (existsSync(path)) {
    throw new UserError(`${dir} already holds a run; resume it, or choose another folder for a new one.`);
  }
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true }); // left by a process that was killed
  explained(path, 'The run was not created', () => {
    const db = connect(unfinished, false, BUSY_TIMEOUT_MILLIS);
    try {
      db.exec('PRAGMA journal_mode = WAL');
      transaction(db, () => {
        db.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
        fill(db);
      });
    } finally {
      db.close(); // folds the log into the file: there is nothing beside it to rename
    }
  });
  renameSync(unfinished, path);
}

/** @throws UserError when `dir` holds no run, or one that this version cannot read. */
export function openDatabase(dir: string, access: 'read' | 'write'): DatabaseSync {
  const path = join(dir, DATABASE_FILE);
  return explained(path, `There is no readable run in ${dir}`, () => {
    const db = connect(path, access === 'read', BUSY_TIMEOUT_MILLIS);
    try {
      // FULL: a step that was reported survives a power cut. One flush per step is nothing beside the step.
      db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
      const version = versionOf(db);
      if (version < 1 || version > SCHEMA_VERSION) {
        throw new UserError(
          version > SCHEMA_VERSION
            ? `${path} was written by a newer version of Rec-R1 (layout ${version}, known ${SCHEMA_VERSION}); update Rec-R1.`
            : `${path} is not the database of a run (layout ${version}); choose another folder.`,
        );
      }
      if (access === 'write') upgrade(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Two processes may try at once; the second finds it done. */
function upgrade(db: DatabaseSync): void {
  if (versionOf(db) === SCHEMA_VERSION) return;
  transaction(db, () => {
    for (const step of UPGRADES.slice(versionOf(db) - 1)) db.exec(step);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

/**
 * A connection to any SQLite file. A missing file is made unless `readOnly`. The file itself is not touched yet, so that a
 * lock that another process holds shows up at the first statement.
 */
export function connect(path: string, readOnly: boolean, timeoutMillis: number): DatabaseSync {
  const { DatabaseSync: Database } = process.getBuiltinModule('node:sqlite');
  const db = new Database(path, { readOnly });
  db.exec(`PRAGMA busy_timeout = ${timeoutMillis}`);
  return db;
}

/** Runs `work` in one transaction: all of it is kept, or nothing. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has already rolled back after some errors, such as a full disk.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Runs the queries of `work` on one state of the database. */
export function snapshot<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN');
  try {
    return work();
  } finally {
    db.exec('COMMIT');
  }
}

/** What SQLite's primary result codes mean for the person at the screen. Other codes are bugs and keep their stack. */
const EXPLANATIONS: ReadonlyMap<number, string> = new Map([
  [5, 'another program keeps it locked; close that program and try again'],
  [8, 'it may only be read; check its permissions'],
  [10, 'the disk refuses to read or write it; check free space, quota and the disk'],
  [11, 'it is damaged; restore it from a copy'],
  [13, 'the disk is full; free some space and resume the run'],
  [14, 'it cannot be opened; check that it exists and its permissions'],
  [26, 'it is not a SQLite database; choose another folder'],
]);

/**
 * Runs `work` and turns what SQLite says into a sentence for the user.
 *
 * @param consequence what did not happen, without the full stop.
 */
export function explained<T>(path: string, consequence: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = sqliteCode(error);
    const explanation = code === undefined ? undefined : EXPLANATIONS.get(code);
    if (!explanation) throw error;
    throw new UserError(`${consequence}: ${path}: ${explanation} (${messageOf(error)}).`, { cause: error });
  }
}

/** SQLite's primary result code, or undefined when something else failed. */
export function sqliteCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}
