/** @file Where the judged documents of queries stand: from retrievers that say so at once, or read off their lists. */
import {
  type JudgedQuery,
  type JudgedRanking,
  type RankOutcome,
  type Retriever,
  SHOWN,
  type SearchOutcome,
} from './retriever.ts';

/** Nothing was found. */
export const EMPTY_RANKING: JudgedRanking = { ranks: new Map(), top: [], length: 0 };

/** The ranks of judged documents among the best `limit`, those left out not counted, in the order of the queries. */
export async function rankJudged(
  retriever: Retriever,
  queries: readonly JudgedQuery[],
  limit: number,
  signal?: AbortSignal,
): Promise<readonly RankOutcome[]> {
  if (retriever.rankJudged) return retriever.rankJudged(queries, limit, signal);
  const mostLeftOut = Math.max(0, ...queries.map(({ leftOut = [] }) => leftOut.length));
  const texts = queries.map(({ query }) => query);
  const outcomes = await retriever.search(texts, limit + mostLeftOut, signal);
  return outcomes.map((outcome, i) => readRanks(outcome, queries[i], limit));
}

function readRanks(outcome: SearchOutcome, { judged, leftOut }: JudgedQuery, limit: number): RankOutcome {
  if (outcome.kind === 'failed') return outcome;
  const without = new Set(leftOut);
  const ids = outcome.hits
    .map(({ id }) => id)
    .filter((id) => !without.has(id))
    .slice(0, limit);
  const { note } = outcome;
  return { kind: 'ranked', ...rankingOf(ids, new Set(judged)), ...(note !== undefined && { note }) };
}

/** Where the judged documents stand in a list, best first. One that is listed again counts where it stands first. */
export function rankingOf(ids: readonly string[], judged: { has(id: string): boolean }): JudgedRanking {
  const ranks = new Map<string, number>();
  ids.forEach((id, i) => {
    if (judged.has(id) && !ranks.has(id)) ranks.set(id, i + 1);
  });
  return { ranks, top: ids.slice(0, SHOWN), length: ids.length };
}
