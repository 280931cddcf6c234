/**
 * @file Queries that must keep what they find: files of tests that a person writes (`rec-r1.tests.json`,
 * `NAME.rec-r1-tests.json`). What such a file may hold is also in `media/regressions.schema.json`, for the editor.
 */
import { rowOf } from '../base/checks.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';

/** Whether all documents must be among the first, or one is enough. */
export const NEEDS = ['all', 'any'] as const;
export type Need = (typeof NEEDS)[number];

/** A query whose rewrite must rank some documents high. */
export interface Regression {
  /** For people; the query when none is given. */
  readonly name: string;
  readonly query: string;
  /** Ids. */
  readonly documents: readonly string[];
  /** How many of the first ranks count. */
  readonly k: number;
  readonly need: Need;
}

/** A file of them: relative to the workspace, or any. */
export const REGRESSION_FILES = '**/{rec-r1.tests,*.rec-r1-tests}.json';

const DEFAULT_K = 10;
const MAX_K = 100_000;

/**
 * Reads the text of a file of tests.
 *
 * @param where what messages begin with: the file.
 * @throws UserError for the first thing that is wrong.
 */
export function parseRegressions(text: string, where: string): readonly Regression[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where} is not JSON: ${messageOf(error)}`);
  }
  const fields = new Fields(rowOf(content, where), where);
  const k = fields.whole('k', 1, MAX_K) ?? DEFAULT_K;
  const tests = fields.list('tests', 1) ?? fields.missing('tests');
  fields.optionalText('$schema');
  fields.end();
  return tests.map((test, i) => regressionOf(test, `${where}, test ${i + 1}`, k));
}

function regressionOf(value: unknown, where: string, k: number): Regression {
  const fields = new Fields(rowOf(value, where), where);
  const query = fields.text('query');
  const regression = {
    name: fields.optionalText('name') ?? query,
    query,
    documents: fields.texts('documents') ?? fields.missing('documents'),
    k: fields.whole('k', 1, MAX_K) ?? k,
    need: fields.choice('need', NEEDS) ?? 'all',
  };
  fields.end();
  return regression;
}

/** What a failed test got, as far as its message needs it. */
export interface FailedRegression {
  readonly test: Pick<Regression, 'k' | 'need'>;
  readonly rewrite: string | null;
  readonly format: string;
  readonly found: readonly { readonly id: string; readonly rank: number | null }[];
  readonly hits: readonly { readonly id: string; readonly title: string }[];
}

/** What was wanted and what was got instead, a line each: the documents that are missed, then the ranking. */
export function failureLines({ test, rewrite, format, found, hits }: FailedRegression): string[] {
  if (rewrite === null) return [`The answer is malformed (${format}), so nothing was searched.`];
  const missed = found.filter(({ rank }) => rank === null || rank > test.k);
  const which = found.length === 1 ? found[0].id : `${test.need === 'any' ? 'One' : 'All'} of ${found.length}`;
  const places = missed.map(({ id, rank }) => (rank === null ? `${id} is not found` : `${id} is at ${rank}`));
  return [`${which} must be in the first ${test.k}, but ${places.join(', ')}.`, ...rankingLines(hits)];
}

/** A ranking as text: `1. id  title`. */
export function rankingLines(hits: FailedRegression['hits']): string[] {
  return hits.map(({ id, title }, i) => `${String(i + 1).padStart(2)}. ${id}  ${title}`.trimEnd());
}
