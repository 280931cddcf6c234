/** @file Searches a recommender, one query or many, with the ranks that people and programs expect. */
import { idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import type { Hit, Retriever } from '../retrieval/retriever.ts';

export interface RankedHit extends Hit {
  /** From 1. */
  readonly rank: number;
}

export interface SearchAnswer {
  /** The query's id, when it came from a file. */
  readonly _id?: string;
  readonly query: string;
  readonly hits: readonly RankedHit[];
}

/** The best `limit` documents for one query. A failed search is an error here: there is no other rollout to go on with. */
export async function searchOne(retriever: Retriever, query: string, limit: number): Promise<SearchAnswer> {
  const [outcome] = await retriever.search([query], limit);
  if (outcome.kind === 'failed') throw new UserError(`The search for "${query}" failed: ${outcome.message}`);
  return { query, hits: outcome.hits.map(({ id, score }, i) => ({ rank: i + 1, id, score })) };
}

/** One answer per row (`_id`, `text`) of a JSON Lines file, in its order. */
export async function* searchFile(retriever: Retriever, file: string, limit: number): AsyncGenerator<SearchAnswer> {
  for await (const { value: row, where } of readJsonLines(file)) {
    const id = idField(row, '_id', where);
    yield { _id: id, ...(await searchOne(retriever, stringField(row, 'text', where), limit)) };
  }
}
