/** @file Searches a recommender, one query or many, with the ranks that people and programs expect. */
import { idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import type { Bm25Index } from '../retrieval/bm25/bm25.ts';
import type { QuerySyntax } from '../retrieval/bm25/bm25-retriever.ts';
import {
  QueryExplainer,
  type RewriteExplanation,
  type TermContribution,
  explainRewrite,
} from '../retrieval/bm25/explain.ts';
import type { HybridRetriever, PartOfHit } from '../retrieval/hybrid.ts';
import type { Hit, Retriever, SearchOutcome } from '../retrieval/retriever.ts';

export interface RankedHit extends Hit {
  /** From 1. */
  readonly rank: number;
}

/** A hit and why it is there. */
export interface ExplainedHit extends RankedHit {
  readonly terms: readonly TermContribution[];
}

export interface ExplainedAnswer extends SearchAnswer {
  readonly hits: readonly ExplainedHit[];
  /** What changed against the original query, when there is one. */
  readonly rewrite?: RewriteExplanation;
}

export interface SearchAnswer {
  /** The query's id, when it came from a file. */
  readonly _id?: string;
  readonly query: string;
  readonly hits: readonly RankedHit[];
  /** What a person should know of this search, such as that its syntax was wrong. */
  readonly note?: string;
}

/** The best `limit` documents for one query. A failed search is an error here: there is no other rollout to go on with. */
export async function searchOne(retriever: Retriever, query: string, limit: number): Promise<SearchAnswer> {
  const [outcome] = await retriever.search([query], limit);
  return answerOf(query, outcome);
}

function answerOf(query: string, outcome: SearchOutcome): SearchAnswer {
  if (outcome.kind === 'failed') throw new UserError(`The search for "${query}" failed: ${outcome.message}`);
  const hits = outcome.hits.map(({ id, score }, i) => ({ rank: i + 1, id, score }));
  return { query, hits, ...(outcome.note !== undefined && { note: outcome.note }) };
}

/** A fused hit and what each of the recommenders that list it adds. */
export interface FusedRankedHit extends RankedHit {
  readonly parts: readonly (PartOfHit & { readonly retriever: string })[];
}

export interface FusedAnswer extends SearchAnswer {
  readonly hits: readonly FusedRankedHit[];
}

/** {@link searchOne} of a hybrid, with the parts of each hit. */
export async function searchFused(hybrid: HybridRetriever, query: string, limit: number): Promise<FusedAnswer> {
  const [outcome] = await hybrid.search([query], limit);
  if (outcome.kind === 'failed') throw new UserError(`The search for "${query}" failed: ${outcome.message}`);
  const hits = outcome.hits.map(({ id, score, parts }, i) => {
    const named = parts.flatMap((part, at) => (part ? [{ retriever: hybrid.parts[at].name, ...part }] : []));
    return { rank: i + 1, id, score, parts: named };
  });
  return { query, hits };
}

export interface ExplainOptions {
  /** What the query is a rewrite of. */
  readonly original?: string | undefined;
  readonly syntax?: QuerySyntax | undefined;
  /** How many hits of the original are followed, too. */
  readonly limit: number;
}

/** Adds each term's part in the scores of the hits and, for a rewrite, how its hits and those of its original moved. */
export function explainAnswer(
  index: Bm25Index,
  answer: SearchAnswer,
  { original, syntax = 'words', limit }: ExplainOptions,
): ExplainedAnswer {
  const { query } = answer;
  const explainer = new QueryExplainer(index, query, syntax);
  const hits = answer.hits.map((hit) => ({ ...hit, terms: explainer.explain(hit.id)?.terms ?? [] }));
  if (original === undefined) return { ...answer, hits };
  const before = [...new QueryExplainer(index, original, syntax).ranks().keys()].slice(0, limit);
  const ids = [...new Set([...answer.hits.map(({ id }) => id), ...before])];
  return { ...answer, hits, rewrite: explainRewrite(index, original, query, ids, syntax) };
}

/** Queries that are searched together: servers and encoders answer many at once faster. */
const BATCH = 64;

/** One answer per row (`_id`, `text`) of a JSON Lines file, in its order. */
export async function* searchFile(retriever: Retriever, file: string, limit: number): AsyncGenerator<SearchAnswer> {
  let batch: { readonly _id: string; readonly query: string }[] = [];
  for await (const { value: row, where } of readJsonLines(file)) {
    batch.push({ _id: idField(row, '_id', where), query: stringField(row, 'text', where) });
    if (batch.length < BATCH) continue;
    yield* searchBatch(retriever, batch, limit);
    batch = [];
  }
  yield* searchBatch(retriever, batch, limit);
}

async function* searchBatch(
  retriever: Retriever,
  batch: readonly { readonly _id: string; readonly query: string }[],
  limit: number,
): AsyncGenerator<SearchAnswer> {
  const outcomes = await retriever.search(batch.map(({ query }) => query), limit); // prettier-ignore
  for (const [i, { _id, query }] of batch.entries()) yield { _id, ...answerOf(query, outcomes[i]) };
}
