/**
 * @file How an answer is written and read: one strict parser for training, evaluation and display (Rec-R1, arXiv
 * 2503.24289, the released reward files). What is asked is in prompt.ts, what an answer is worth in rl/reward.ts.
 *
 * An answer is text in either case: a query that is searched for, or in re-ranking the names of all candidates in an
 * order. Departures from the released code: only the completion is judged, never prompt and completion together, so that a
 * tag in a shopper's text cannot spoil an answer; the JSON must be an object with a non-empty string or the whole list, so
 * that a number or null is a format failure and not a crash.
 */
import type { Candidate, Example } from './task.ts';

/** What the assistant's turn begins with, so that every completion starts inside the reasoning block. */
export const ANSWER_PREFIX = '<think>';

/** The key of an answer that is searched for, unless the task's own prompt names another. */
export const QUERY_KEY = 'query';
/** The key of an answer that is an order. */
export const ORDER_KEY = 'reranked_items';

const BETWEEN_NAMES = ', ';

/** What may be wrong with an answer. */
export type FormatFailure =
  'tags' | 'not-json' | 'not-an-object' | 'no-query' | 'empty-query' | 'no-list' | 'not-a-permutation';

export const FORMAT_FAILURES: Readonly<Record<FormatFailure, string>> = {
  tags: '<think>, </think>, <answer> and </answer> must each occur once and in this order',
  'not-json': 'the answer is not JSON',
  'not-an-object': 'the answer is JSON but not an object',
  'no-query': 'the answer has no text under its key',
  'empty-query': 'the query is empty',
  'no-list': `the answer has no list under "${ORDER_KEY}"`,
  'not-a-permutation': 'the list must name every candidate once',
};

export type ParsedCompletion =
  { readonly format: 'ok'; readonly rewrite: string } | { readonly format: FormatFailure; readonly rewrite: null };

/** What a parser must know of an example. */
type Asked = Pick<Example, 'candidates' | 'custom'>;

const TAGS = ['<think>', '</think>', '<answer>', '</answer>'] as const;

/**
 * Reads the answer to an example out of a completion that continues `ANSWER_PREFIX`.
 *
 * Free text between and after the blocks is allowed, and so are further keys in the object.
 */
export function parseCompletion(completion: string, { candidates, custom }: Asked): ParsedCompletion {
  const text = ANSWER_PREFIX + completion;
  const places = TAGS.map((tag) => text.indexOf(tag));
  const once = TAGS.every((tag, i) => places[i] >= 0 && text.lastIndexOf(tag) === places[i]);
  const ordered = places.every((place, i) => i === 0 || place > places[i - 1]);
  if (!once || !ordered) return failure('tags');

  let answer: unknown;
  try {
    answer = JSON.parse(text.slice(places[2] + '<answer>'.length, places[3]));
  } catch (error) {
    if (error instanceof SyntaxError) return failure('not-json');
    throw error;
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return failure('not-an-object');
  const valueOf = (key: string): unknown =>
    Object.hasOwn(answer, key) ? (answer as Readonly<Record<string, unknown>>)[key] : undefined;
  return candidates ? parseOrder(valueOf(ORDER_KEY), candidates) : parseQuery(valueOf(keyOf({ custom })));
}

function parseQuery(query: unknown): ParsedCompletion {
  if (typeof query !== 'string') return failure('no-query');
  return query.trim() === '' ? failure('empty-query') : { format: 'ok', rewrite: query.trim() };
}

function parseOrder(list: unknown, candidates: readonly Candidate[]): ParsedCompletion {
  if (!Array.isArray(list)) return failure('no-list');
  if (!isPermutation(list, candidates)) return failure('not-a-permutation');
  return { format: 'ok', rewrite: list.join(BETWEEN_NAMES) };
}

/** The name of the candidate that was retrieved at `place`, from 0. */
export function candidateName(place: number): string {
  return `Item_${place + 1}`;
}

/**
 * The ids of the candidates in the order that an answer names. An empty answer ranks nothing, as an empty query finds
 * nothing; a text that names no order, such as the request itself, leaves them as they were retrieved.
 */
export function orderOf(answer: string, candidates: readonly Candidate[]): string[] {
  if (answer === '') return [];
  const names = answer.split(BETWEEN_NAMES);
  const retrieved = candidates.map(({ id }) => id);
  if (!isPermutation(names, candidates)) return retrieved;
  const byName = new Map(candidates.map(({ id }, place) => [candidateName(place), id]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

function isPermutation(list: readonly unknown[], candidates: readonly Candidate[]): list is readonly string[] {
  const given = new Set(list);
  return list.length === candidates.length && candidates.every((_, place) => given.has(candidateName(place)));
}

/**
 * The completion that gives `answer` after `thought`: what a model is pre-trained or fine-tuned on. Anything but a text (of
 * a re-ranking, names as in {@link ParsedCompletion}) makes an answer in a wrong format.
 */
export function completionOf(thought: string, answer: unknown, asked: Asked = {}): string {
  const value = asked.candidates && typeof answer === 'string' ? answer.split(BETWEEN_NAMES) : answer;
  return `${thought}</think><answer>${JSON.stringify({ [keyOf(asked)]: value })}</answer>`;
}

function keyOf({ candidates, custom }: Asked): string {
  return candidates ? ORDER_KEY : (custom?.template.answerKey ?? QUERY_KEY);
}

function failure(format: FormatFailure): ParsedCompletion {
  return { format, rewrite: null };
}
