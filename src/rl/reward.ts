/**
 * @file The reward: what the fixed recommender makes of a rewrite (Rec-R1, section 3.2; released reward files).
 *
 * A function of rewrite, example and corpus alone. A failed search has no reward: the paper's code turned it into 0,
 * which the policy cannot tell from a miss.
 */
import { orderOf, parseCompletion, type ParsedCompletion } from '../data/answer.ts';
import type { Example } from '../data/task.ts';
import { EMPTY_RANKING, rankingOf, rankJudged } from '../retrieval/judged.ts';
import { measureRanks } from '../retrieval/metrics.ts';
import type { JudgedRanking, RankOutcome, Retriever } from '../retrieval/retriever.ts';
import { type RankedRewrite, REWARD_TERMS, type RewardTerm, termOf } from './reward-terms.ts';

export type RewardWeights = Readonly<Partial<Record<RewardTerm, number>>>;

export interface RewardShape {
  /** Cut-off of the NDCG. */
  readonly k: number;
  /** Reward of an answer in the wrong format: −2 in the paper. */
  readonly malformed: number;
  /** Reward of a well-formed answer with NDCG 0: 0 in the paper. */
  readonly miss: number;
  /** Added to an NDCG above 0: 0.1 in the paper. */
  readonly format: number;
  /** What the terms of a well-formed answer count; NDCG alone, as in the paper, when absent. */
  readonly weights?: RewardWeights;
  /** For the term `category`. */
  readonly categoryOf?: (id: string) => string | undefined;
  /** In place of the sum of the terms, for well-formed answers whose search succeeded. */
  readonly own?: OwnReward;
}

/** Rewards of somebody's own, in the order of the answers. A failure is an error of that answer and never a score. */
export type OwnReward = (
  answers: readonly AnswerForOwnReward[],
) => Promise<readonly (number | { readonly error: string })[]>;

export interface AnswerForOwnReward extends RankedRewrite {
  readonly completion: string;
  readonly terms: Readonly<Record<string, number>>;
  /** What the settings make of it. */
  readonly reward: number;
}

const NDCG_ALONE: RewardWeights = { ndcg: 1 };

export interface ScoredRewrite {
  readonly parsed: ParsedCompletion;
  /** Null when the search failed. */
  readonly reward: number | null;
  /** What the answer is paid for, by name, before the weights: `format` and the terms with a weight, NDCG in any case. */
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
  const parsed = items.map(({ completion, example }) => parseCompletion(completion, example));
  const searched = items.flatMap((item, i) =>
    parsed[i].format === 'ok' ? [{ ...item, rewrite: parsed[i].rewrite }] : [],
  );
  const rankings = await rankRelevant(
    searched.map(({ example, rewrite }) => ({ example, query: rewrite })),
    retriever,
    shape.k,
    signal,
  );
  const scored = await withOwnReward(
    searched,
    rankings.map((ranking, i) => rewardOf(ranking, searched[i], shape)),
    shape.own,
  );
  let next = 0;
  return parsed.map((answer) =>
    answer.format === 'ok'
      ? { parsed: answer, ...scored[next++] }
      : { parsed: answer, reward: shape.malformed, terms: { format: shape.malformed }, ranking: EMPTY_RANKING },
  );
}

/**
 * The rankings that answers make, many at once. What a shopper already owns is left out; where candidates are to be put in
 * order, the answer is the ranking and nothing is searched.
 */
export async function rankRelevant(
  queries: readonly { readonly example: Example; readonly query: string }[],
  retriever: Retriever,
  k: number,
  signal?: AbortSignal,
): Promise<readonly RankOutcome[]> {
  const judged = queries
    .filter(({ example }) => !example.candidates)
    .map(({ example: { relevant, history, ranksOwned }, query }) => ({
      query,
      judged: [...relevant.keys()],
      ...(history && !ranksOwned && { leftOut: history }),
    }));
  const found = judged.length > 0 ? await rankJudged(retriever, judged, k, signal) : [];
  let next = 0;
  return queries.map(({ example: { candidates, relevant }, query }) =>
    candidates ? { kind: 'ranked', ...rankingOf(orderOf(query, candidates).slice(0, k), relevant) } : found[next++],
  );
}

/** NDCG of the first `k` ranks. */
export function ndcgOf(ranking: JudgedRanking, { relevant }: Example, k: number): number {
  return measureRanks(ranking, { grades: relevant }, { name: 'ndcg', cutoff: k });
}

type Score = Omit<ScoredRewrite, 'parsed'>;

interface SearchedRewrite extends RewriteToScore {
  readonly rewrite: string;
}

function rewardOf(ranking: RankOutcome, { example, rewrite }: SearchedRewrite, shape: RewardShape): Score {
  if (ranking.kind === 'failed') return { reward: null, terms: {}, ranking: EMPTY_RANKING, error: ranking.message };
  const { weights = NDCG_ALONE, categoryOf = () => undefined } = shape;
  const valueOf = (term: RewardTerm): number => termOf(term, { example, rewrite, ranking }, shape.k, categoryOf);
  const ndcg = valueOf('ndcg');
  const format = ndcg > 0 ? shape.format : shape.miss;
  const terms: Record<string, number> = { format, ndcg };
  let reward = format;
  for (const term of REWARD_TERMS) {
    const weight = weights[term] ?? 0;
    if (weight === 0) continue;
    terms[term] = valueOf(term);
    reward += weight * terms[term];
  }
  const { note } = ranking;
  return { reward, terms, ranking, ...(note !== undefined && { note }) };
}

async function withOwnReward(
  searched: readonly SearchedRewrite[],
  scores: readonly Score[],
  own: OwnReward | undefined,
): Promise<readonly Score[]> {
  if (!own) return scores;
  const asked = scores.flatMap(({ reward, terms, ranking }, i) =>
    reward === null ? [] : [{ ...searched[i], reward, terms, ranking }],
  );
  const answers = await own(asked);
  let next = 0;
  return scores.map((score) => {
    if (score.reward === null) return score;
    const answer = answers[next++];
    return typeof answer === 'number' ? { ...score, reward: answer } : { ...score, reward: null, error: answer.error };
  });
}
