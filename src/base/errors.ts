/**
 * @file The one kind of error that is the user's to fix.
 *
 * Anything that is not a `UserError` is a bug and keeps its stack. Only the entry points (command line, worker process,
 * the extension's notifications) turn either into text.
 */

/** A problem that the user can fix. The message is one sentence: what, where, the value, and what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
