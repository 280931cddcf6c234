/**
 * @file What the training examples say about who bought what: the ground that baselines without a language model stand on.
 */
import { userOf } from '../data/histories.ts';
import type { Example } from '../data/task.ts';

/**
 * Every shopper's items in the order of their buying. Rows of one shopper that go on from each other are one sequence;
 * without histories each example is one sequence of its relevant documents.
 */
export function sequencesOf(examples: readonly Example[]): readonly (readonly string[])[] {
  const byUser = Map.groupBy(examples, ({ id, history }) => (history ? userOf(id) : id));
  return [...byUser.values()].flatMap(longestOnes);
}

/** Of one shopper: those that are not the beginning of another. */
function longestOnes(examples: readonly Example[]): (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const whole = examples.map(({ history = [], relevant }) => [...history, ...relevant.keys()]);
  for (const sequence of whole.sort((a, b) => b.length - a.length)) {
    if (!found.some((longer) => sequence.every((item, i) => longer[i] === item))) found.push(sequence);
  }
  return found;
}

/** What nobody can know who has only seen ids: relevant documents that no training sequence has. */
export function unseenNote(sequences: readonly (readonly string[])[], examples: readonly Example[]): string {
  const seen = new Set(sequences.flat());
  const hasSeen = examples.filter(({ relevant }) => [...relevant.keys()].some((id) => seen.has(id))).length;
  return (
    `${sequences.length} training sequences; ${hasSeen} of ${examples.length} examples have a relevant item that occurs in them. ` +
    'A method that knows items by their ids alone cannot find the others.'
  );
}
