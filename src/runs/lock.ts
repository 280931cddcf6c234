/**
 * @file Who may write a run: the process that holds the exclusive lock on the small SQLite file `writer.lock`.
 *
 * The operating system frees the lock when its process dies, however it dies, so there is no stale process id to clean up.
 * Nothing else may open that file inside the writer's process: closing any handle on it would free the lock (POSIX).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { connect, explained, sqliteCode } from './database.ts';

const LOCK_FILE = 'writer.lock';
const BUSY = 5;

/** Long enough to outlast a reader's look at the lock, short enough to refuse a second writer at once. */
const LOCK_TIMEOUT_MILLIS = 300;

export interface Lock {
  release(): void;
}

/** @throws UserError when another process, or this one, already writes the run. */
export function acquireWriterLock(dir: string): Lock {
  const path = join(dir, LOCK_FILE);
  return explained(path, `The run in ${dir} cannot be written`, () => {
    const db = connect(path, false, LOCK_TIMEOUT_MILLIS);
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;'); // no journal file for a lock
    } catch (error) {
      db.close();
      if (sqliteCode(error) !== BUSY) throw error;
      throw new UserError(`${dir} is being written by another process; stop that training or choose another run.`);
    }
    return {
      release: () => {
        db.close();
      },
    };
  });
}

/** Whether a living process holds the run's lock. */
export function isWriterAlive(dir: string): boolean {
  const path = join(dir, LOCK_FILE);
  if (!existsSync(path)) return false;
  return explained(path, `Whether ${dir} is being written is unknown`, () => {
    const db = connect(path, true, 0);
    try {
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
      return false;
    } catch (error) {
      if (sqliteCode(error) === BUSY) return true;
      throw error;
    } finally {
      db.close();
    }
  });
}
