/**
 * @file The reward: what the fixed recommender makes of a rewrite (Rec-R1, section 3.2; released reward files).
 *
 * A function of rewrite, example and corpus alone. A failed search has no reward: the paper's code turned it into 0,
 * which the policy cannot tell from a miss.
 */
import { parseCompletion, type ParsedCompletion } from '../data/prompt.ts';
import type { Example } from '../data/task.ts';
import { EMPTY_RANKING, rankJudged } from '../retrieval/judged.ts';
import { measureRanks } from '../retrieval/metrics.ts';
import type { JudgedRanking, RankOutcome, Retriever } from '../retrieval/retriever.ts';

export interface RewardShape {
  /** Cut-off of the NDCG. */
  readonly k: number;
  /** Reward of an answer in the wrong format: −2 in the paper. */
  readonly malformed: number;
  /** Reward of a well-formed answer with NDCG 0: 0 in the paper. */
  readonly miss: number;
  /** Added to an NDCG above 0: 0.1 in the paper. */
  readonly format: number;
}

export interface ScoredRewrite {
  readonly parsed: ParsedCompletion;
  /** Null when the search failed. */
  readonly reward: number | null;
  /** The parts that add up to the reward. */
  readonly terms: Readonly<Record<string, number>>;
  /** Where the relevant documents stand, items of the history left out; empty for a malformed answer. */
  readonly ranking: JudgedRanking;
  readonly error?: string;
  /** What the retriever said of the search. */
  readonly note?: string;
}

export interface RewriteToScore {
  readonly example: Example;
  readonly completion: string;
}

/** Scores completions with one batched search; the result is in their order. */
export async function scoreRewrites(
  items: readonly RewriteToScore[],
  retriever: Retriever,
  shape: RewardShape,
  signal?: AbortSignal,
): Promise<ScoredRewrite[]> {
  const parsed = items.map(({ completion }) => parseCompletion(completion));
  const searched = items.flatMap((item, i) =>
    parsed[i].format === 'ok' ? [{ ...item, rewrite: parsed[i].rewrite }] : [],
  );
  const rankings = await rankRelevant(
    searched.map(({ example, rewrite }) => ({ example, query: rewrite })),
    retriever,
    shape.k,
    signal,
  );
  let next = 0;
  return items.map(({ example }, i) => {
    if (parsed[i].format !== 'ok') {
      return { parsed: parsed[i], reward: shape.malformed, terms: { format: shape.malformed }, ranking: EMPTY_RANKING };
    }
    return { parsed: parsed[i], ...rewardOf(rankings[next++], example, shape) };
  });
}

/** Searches for many examples at once. What a shopper already owns is left out of the ranking. */
export async function rankRelevant(
  queries: readonly { readonly example: Example; readonly query: string }[],
  retriever: Retriever,
  k: number,
  signal?: AbortSignal,
): Promise<readonly RankOutcome[]> {
  const judged = queries.map(({ example, query }) => ({
    query,
    judged: [...example.relevant.keys()],
    ...(example.history && { leftOut: example.history }),
  }));
  return rankJudged(retriever, judged, k, signal);
}

/** NDCG of the first `k` ranks. */
export function ndcgOf(ranking: JudgedRanking, { relevant }: Example, k: number): number {
  return measureRanks(ranking, { grades: relevant }, { name: 'ndcg', cutoff: k });
}

function rewardOf(ranking: RankOutcome, example: Example, shape: RewardShape): Omit<ScoredRewrite, 'parsed'> {
  if (ranking.kind === 'failed') return { reward: null, terms: {}, ranking: EMPTY_RANKING, error: ranking.message };
  const value = ndcgOf(ranking, example, shape.k);
  const terms: Record<string, number> =
    value > 0 ? { format: shape.format, ndcg: value } : { format: shape.miss, ndcg: 0 };
  const { note } = ranking;
  return {
    reward: Object.values(terms).reduce((a, b) => a + b, 0),
    terms,
    ranking,
    ...(note !== undefined && { note }),
  };
}
