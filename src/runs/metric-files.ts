/**
 * @file A run's metrics in files for other tools: JSON Lines, and an event file for TensorBoard. Both are written anew from
 * the run's record and then grow, so that a run that was resumed has every step once.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.ts';
import { scalarRecord, startRecord, versionRecord } from './event-file.ts';
import type { ScalarRow } from './scalars.ts';

export interface MetricFile {
  append(row: ScalarRow): void;
}

/** What the files of ours end with; TensorBoard looks for what they begin with. */
const OURS = '.rec-r1';

/** A file with one object for each row. A value that is not a finite number is null, as in all JSON. */
export function jsonLinesFile(path: string, rows: readonly ScalarRow[]): MetricFile {
  written(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, rows.map(jsonLine).join(''));
  });
  return {
    append: (row) => {
      written(path, () => {
        appendFileSync(path, jsonLine(row));
      });
    },
  };
}

/**
 * An event file in `dir`, in place of an earlier one of ours. Its name sorts behind that one's, and it begins with the word
 * that all goes on from the start, so that a TensorBoard that is open forgets what it had.
 *
 * @param now milliseconds since 1970.
 */
export function eventFile(dir: string, rows: readonly ScalarRow[], now: number): MetricFile {
  const earlier = eventFilesIn(dir);
  const newest = Math.max(0, ...earlier.map((name) => Number(name.split('.').at(3))));
  const seconds = Math.max(Math.floor(now / 1000), newest + 1);
  const path = join(dir, `events.out.tfevents.${String(seconds).padStart(10, '0')}${OURS}`);
  const at = rows.at(0)?.at ?? now;
  const start = earlier.length === 0 ? [] : [startRecord(at, 0)];
  written(path, () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(path, Buffer.concat([versionRecord(at), ...start, ...rows.map(scalarRecord)]));
    for (const name of earlier) rmSync(join(dir, name));
  });
  return {
    append: (row) => {
      written(path, () => {
        appendFileSync(path, scalarRecord(row));
      });
    },
  };
}

/** @throws UserError when a new run would write over the metrics of another. */
export function refuseTaken(files: { readonly jsonLines?: string; readonly eventDir?: string }): void {
  const { jsonLines, eventDir } = files;
  const taken =
    jsonLines !== undefined && existsSync(jsonLines)
      ? jsonLines
      : eventDir !== undefined && eventFilesIn(eventDir).length > 0
        ? eventDir
        : undefined;
  if (taken !== undefined) throw new UserError(`${taken} already has metrics of a run; choose another place.`);
}

/** @throws UserError when the file cannot be written. */
function written(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new UserError(`The metrics cannot be written to ${path}: ${messageOf(error)}.`, { cause: error });
  }
}

function eventFilesIn(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((name) => name.startsWith('events.out.tfevents.') && name.endsWith(OURS));
}

function jsonLine({ step, at, values }: ScalarRow): string {
  return `${JSON.stringify({ step, time: new Date(at).toISOString(), ...values })}\n`;
}
