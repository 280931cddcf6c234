/**
 * @file Following a run folder while somebody looks at it: what is new since last time, by polling.
 *
 * SQLite tells cheaply whether another process committed something; whether the writer still lives is asked less often.
 * A folder that holds no run yet is waited for.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_FILE } from './database.ts';
import { openRunReader, type RunReader } from './reader.ts';
import type { CheckpointEntry, RecordedEvent, RunInfo } from './records.ts';

export interface RunChange {
  readonly info: RunInfo;
  readonly checkpoints: readonly CheckpointEntry[];
  /** Since the last change that was told; the first one has all that was not known. */
  readonly events: readonly RecordedEvent[];
}

export interface RunWatch {
  /** Null until the folder holds a run. For rollouts and rows, on demand. */
  reader(): RunReader | null;
  /** Ends the polling and closes the database. */
  stop(): void;
}

const POLL_MILLIS = 200;
const LIVENESS_EVERY_POLLS = 5;

/** What a reader of the run has not been told since the event with id `cursor`. */
export function changeSince(reader: RunReader, cursor: number): RunChange {
  return { info: reader.info(), checkpoints: reader.checkpoints(), events: reader.eventsAfter(cursor) };
}

/**
 * Calls `onChange` with everything there is, then whenever something was recorded or the writer died.
 *
 * @param onError called once, after which the watch has stopped.
 * @param known the id of an event: it and those before it are known already. 0 for none.
 */
export function watchRun(
  dir: string,
  onChange: (change: RunChange) => void,
  onError: (error: unknown) => void,
  known = 0,
): RunWatch {
  let reader: RunReader | null = null;
  let version: number | undefined;
  let cursor = known;
  let polls = 0;
  let state: string | undefined;

  const stop = (): void => {
    clearInterval(timer);
    reader?.close();
    reader = null;
  };
  const poll = (): void => {
    if (!reader) {
      if (!existsSync(join(dir, DATABASE_FILE))) return;
      reader = openRunReader(dir);
    }
    const current = reader.dataVersion();
    const lookAlive = ++polls % LIVENESS_EVERY_POLLS === 0;
    if (current === version && !(lookAlive && reader.info().state !== state)) return;
    version = current;
    const change = changeSince(reader, cursor);
    state = change.info.state;
    cursor = change.events.at(-1)?.id ?? cursor;
    onChange(change);
  };
  const guarded = (): void => {
    try {
      poll();
    } catch (error) {
      stop();
      onError(error);
    }
  };
  const timer = setInterval(guarded, POLL_MILLIS);
  guarded();
  return { reader: () => reader, stop };
}
