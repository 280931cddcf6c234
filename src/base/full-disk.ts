/** @file Whether an error means that a disk takes no more. */
import { messageOf } from './errors.ts';

/** No room, a used-up quota, and a file that is larger than a file may be. */
const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** SQLite's result code for it. */
const SQLITE_FULL = 13;

/** Looks at the error and at what caused it. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, cause } = error as { code?: unknown; errcode?: unknown; cause?: unknown };
  const ofSqlite = typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL;
  return CODES.has(code) || ofSqlite || isDiskFull(cause);
}

/** What to say of a file that met it. */
export function diskFullSentence(path: string, error: unknown): string {
  return `${path} cannot be written, for the disk takes no more (${messageOf(error)}); free some space.`;
}
