/** @file Purchase histories to examples: what is shown of a history, and how the examples of one user are told apart. */
import type { Example } from './task.ts';

/** How many items of a history are shown, as in the paper: the newest. */
const SHOWN_ITEMS = 10;

/** Between a user and the number of their sequence, from the second on. */
const REPEAT_MARK = '#';

/** What was bought up to some time, and what next. */
export interface Sequence {
  readonly id: string;
  /** Oldest first. */
  readonly history: readonly string[];
  readonly target: string;
}

/** The id of a user's `use`-th sequence, from 1: a user may have several. */
export function sequenceId(user: string, use: number): string {
  return use === 1 ? user : `${user}${REPEAT_MARK}${use}`;
}

/** The user whose sequence an example is. */
export function userOf(exampleId: string): string {
  return exampleId.replace(/#\d+$/, '');
}

/** The query is the newest titles of the history, oldest first; items without a title are not shown. */
export function sequenceExample({ id, history, target }: Sequence, titles: ReadonlyMap<string, string>): Example {
  const known = history.flatMap((item) => titles.get(item) ?? []);
  return { id, query: known.slice(-SHOWN_ITEMS).join('\n'), history, relevant: new Map([[target, 1]]) };
}
