/**
 * @file What the policy is asked and how its answer is read: one prompt builder and one strict parser for training,
 * evaluation and display (Rec-R1, arXiv 2503.24289, section 3 and the released prompts).
 *
 * Departures from the released code: only the completion is judged, never prompt and completion together, so that a tag
 * in a shopper's text cannot spoil an answer; the JSON must be an object with a non-empty string, so that a list, a number
 * or null is a format failure and not a crash; the Boolean syntax that BM25 would ignore is not asked for.
 */
import type { Task } from './task.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** `paper`: role, task, input in back-ticks, output rules. `plain`: the input alone, for a model made for this one task. */
export type PromptStyle = 'paper' | 'plain';

/** What the assistant's turn begins with, so that every completion starts inside the reasoning block. */
export const ANSWER_PREFIX = '<think>';

const ROLES = {
  search: {
    role: 'You are an expert in writing queries for product search.',
    task: 'Rewrite the shopper’s request below as query terms that find the right products in the catalogue.',
  },
  sequence: {
    role: 'You are a shopping assistant.',
    task: 'Below are the products that a customer bought, oldest first. Infer what they will buy next, and write query terms that find it in the catalogue.',
  },
} as const;

/** The chat messages that ask for a rewrite of `input`: a raw query, or the titles of a history, one per line. */
export function promptMessages(input: string, kind: Task['kind'], style: PromptStyle): readonly ChatMessage[] {
  if (style === 'plain') return [{ role: 'user', content: input }];
  const { role, task } = ROLES[kind];
  const payload =
    kind === 'search'
      ? input
      : input
          .split('\n')
          .map((title, i) => `Item ${i + 1}: ${title}`)
          .join('\n');
  return [
    { role: 'system', content: 'You are a helpful assistant. You reason first and then give the answer.' },
    {
      role: 'user',
      content: [
        role,
        task,
        `\`\`\`\n${payload}\n\`\`\``,
        'Reason inside <think> </think>. Then give the query as JSON inside <answer> </answer>, for example:',
        '<think>\n[your reasoning]\n</think>\n<answer>\n{"query": "your query terms"}\n</answer>',
      ].join('\n\n'),
    },
  ];
}

/** What may be wrong with an answer. */
export type FormatFailure = 'tags' | 'not-json' | 'not-an-object' | 'no-query' | 'empty-query';

export const FORMAT_FAILURES: Readonly<Record<FormatFailure, string>> = {
  tags: '<think>, </think>, <answer> and </answer> must each occur once and in this order',
  'not-json': 'the answer is not JSON',
  'not-an-object': 'the answer is JSON but not an object',
  'no-query': 'the answer has no text under "query"',
  'empty-query': 'the query is empty',
};

export type ParsedCompletion =
  { readonly format: 'ok'; readonly rewrite: string } | { readonly format: FormatFailure; readonly rewrite: null };

const TAGS = ['<think>', '</think>', '<answer>', '</answer>'] as const;

/**
 * Reads the rewrite out of a completion that continues `ANSWER_PREFIX`.
 *
 * Free text between and after the blocks is allowed, and so are further keys in the object.
 */
export function parseCompletion(completion: string): ParsedCompletion {
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
  const query: unknown = Object.hasOwn(answer, 'query') ? (answer as { query: unknown }).query : undefined;
  if (typeof query !== 'string') return failure('no-query');
  return query.trim() === '' ? failure('empty-query') : { format: 'ok', rewrite: query.trim() };
}

/**
 * The completion that says `rewrite` after `thought`: what a model is pre-trained or fine-tuned on. Anything but text makes an
 * answer in a wrong format.
 */
export function completionOf(thought: string, rewrite: unknown): string {
  return `${thought}</think><answer>${JSON.stringify({ query: rewrite })}</answer>`;
}

function failure(format: FormatFailure): ParsedCompletion {
  return { format, rewrite: null };
}
