/**
 * @file Pairs that somebody gives to learn from: a query with the answer that is wanted, and perhaps one that is not. Rows are
 * those of stored answers (rollouts.ts) with two more columns: `reasoning` goes before a bare rewrite, and `rejected` is the
 * answer that is not wanted. An answer is a whole completion, where it has an answer block, or the bare rewrite.
 */
import { describe, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { ANSWER_PREFIX, completionOf } from './answer.ts';
import { readRollouts, type StoredAnswer } from './rollouts.ts';
import type { Example } from './task.ts';

export interface GivenPair {
  /** For finding the example. */
  readonly answer: StoredAnswer;
  readonly reasoning: string;
  /** As they are written; see {@link asCompletion}. */
  readonly chosen: string;
  readonly rejected?: string;
}

/** The pairs of a file, or of all files of a folder. @throws UserError for a row whose answer is no text. */
export async function* readPairs(path: string): AsyncGenerator<GivenPair> {
  for await (const answer of readRollouts(path)) {
    const { value, where } = answer.row;
    const rejected = value['rejected'] ?? undefined;
    yield {
      answer,
      reasoning: stringField(value, 'reasoning', where, ''),
      chosen: textOf(answer.text, where),
      ...(rejected !== undefined && { rejected: textOf(rejected, where) }),
    };
  }
}

/** A given answer to an example as a completion that continues the prompt: with its reasoning where it is bare. */
export function asCompletion(text: string, reasoning: string, example: Example): string {
  if (!text.includes('<answer>')) return completionOf(reasoning, text.trim(), example);
  const trimmed = text.trimStart();
  return trimmed.startsWith(ANSWER_PREFIX) ? trimmed.slice(ANSWER_PREFIX.length) : text;
}

function textOf(text: unknown, where: string): string {
  if (typeof text === 'string' && text.trim() !== '') return text;
  throw new UserError(`${where}: an answer must be text that is not empty, got ${describe(text)}.`);
}
