/** @file Whether an error means that a disk takes no more. */

const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);
/** SQLite's result code for it. */
const SQLITE_FULL = 13;

/** Looks at the error and at what caused it. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, cause } = error as { code?: unknown; errcode?: unknown; cause?: unknown };
  const ofSqlite = typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL;
  return CODES.has(code) || ofSqlite || isDiskFull(cause);
}
