/**
 * @file Several recommenders as one: their rankings are fused, by rank or by score.
 *
 * - `reciprocal-rank`: each part gives a document weight / (k + rank) (Cormack, Clarke and Büttcher 2009, with their k = 60).
 *   Scores play no role, so parts need no common scale. The default.
 * - `min-max`: the weighted sum of scores scaled to 0 … 1 within each part's list, per query. Keeps how far apart documents
 *   are; bounded, so one runaway score cannot decide alone.
 * - `z-score`: the weighted sum of (score − mean) / standard deviation within each part's list, per query. Keeps outliers,
 *   and depends on how deep the parts are searched.
 *
 * With scores, a document that a part does not list gets what the part's last one gets; with ranks it gets nothing. A part
 * that fails fails the query: a ranking of the others alone would be another recommender, and its reward not comparable.
 */
import { UserError } from '../base/errors.ts';
import { compareCodePoints } from '../base/order.ts';
import type { Hit, Retriever, SearchOutcome } from './retriever.ts';

export const FUSIONS = ['reciprocal-rank', 'min-max', 'z-score'] as const;
export type Fusion = (typeof FUSIONS)[number];

export interface HybridOptions {
  readonly fusion?: Fusion | undefined;
  /** Of reciprocal rank: how slowly a rank's worth falls. */
  readonly k?: number | undefined;
  /** One per part; 1 each unless given. */
  readonly weights?: readonly number[] | undefined;
  /** How many documents of each part are fused; twice the limit and at least 100 unless given, never fewer than the limit. */
  readonly depth?: number | undefined;
}

/** A hit and where it comes from: one entry per part, `undefined` where the part does not list it. */
export interface FusedHit extends Hit {
  readonly parts: readonly (PartOfHit | undefined)[];
}

export interface PartOfHit {
  /** From 1. */
  readonly rank: number;
  /** The part's own score. */
  readonly score: number;
  /** What the part adds to the fused score. */
  readonly contribution: number;
}

export type FusedOutcome =
  | { readonly kind: 'hits'; readonly hits: readonly FusedHit[]; readonly note?: string }
  | Extract<SearchOutcome, { kind: 'failed' }>;

export interface HybridRetriever extends Retriever {
  readonly parts: readonly Retriever[];
  /** As of any retriever, and for each hit its rank and score in every part. */
  search(queries: readonly string[], limit: number, signal?: AbortSignal): Promise<readonly FusedOutcome[]>;
}

const CORMACK_K = 60;
const LEAST_DEPTH = 100;

/**
 * Asks all parts at once and fuses their answers. Owns the parts from now on.
 *
 * @throws UserError when there are fewer than two parts, or when the weights do not fit them.
 */
export function hybridRetriever(parts: readonly Retriever[], options: HybridOptions = {}): HybridRetriever {
  const { fusion = 'reciprocal-rank', k = CORMACK_K, depth } = options;
  const weights = checkedWeights(parts, options.weights);
  const details = [fusion === 'reciprocal-rank' ? `${fusion} k=${k}` : fusion];
  if (options.weights) details.push(`weights ${weights.join(':')}`);
  return {
    name: `hybrid(${[...parts.map(({ name }) => name), ...details].join(', ')})`,
    parts,
    search: async (queries, limit, signal) => {
      const deep = Math.max(limit, depth ?? Math.max(2 * limit, LEAST_DEPTH));
      const outcomes = await Promise.all(parts.map((part) => part.search(queries, deep, signal)));
      return queries.map((_, query) => {
        const ofQuery = outcomes.map((ofPart) => ofPart[query]);
        return fuseOutcomes(parts, ofQuery, (lists) => fuse(lists, limit, { fusion, k, weights }));
      });
    },
    dispose: async () => {
      for (const part of parts) await part.dispose?.();
    },
  };
}

function checkedWeights(parts: readonly Retriever[], weights: readonly number[] | undefined): readonly number[] {
  if (parts.length < 2) throw new UserError(`A hybrid recommender has ${parts.length} parts; it needs at least two.`);
  if (!weights) return parts.map(() => 1);
  if (weights.length === parts.length && weights.every((weight) => Number.isFinite(weight) && weight >= 0)) {
    return weights;
  }
  throw new UserError(
    `The weights of a hybrid recommender are ${JSON.stringify(weights)}; give ${parts.length} numbers of at least 0.`,
  );
}

function fuseOutcomes(
  parts: readonly Retriever[],
  outcomes: readonly SearchOutcome[],
  fuseLists: (lists: readonly (readonly Hit[])[]) => FusedHit[],
): FusedOutcome {
  const lists: (readonly Hit[])[] = [];
  const notes: string[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.kind === 'failed') return { kind: 'failed', message: `${parts[i].name}: ${outcome.message}` };
    lists.push(outcome.hits);
    if (outcome.note !== undefined) notes.push(`${parts[i].name}: ${outcome.note}`);
  }
  return { kind: 'hits', hits: fuseLists(lists), ...(notes.length > 0 && { note: notes.join('; ') }) };
}

/** The best `limit` documents of several lists, each best first; equal sums in the order of the ids' UTF-8 bytes. */
export function fuse(
  lists: readonly (readonly Hit[])[],
  limit: number,
  { fusion, k, weights }: { readonly fusion: Fusion; readonly k: number; readonly weights: readonly number[] },
): FusedHit[] {
  const partsById = new Map<string, (PartOfHit | undefined)[]>();
  // What an unlisted document gets from each part.
  const otherwise = lists.map((list, part) => {
    const scale = fusion === 'reciprocal-rank' ? undefined : scaleOf(list, fusion);
    list.forEach(({ id, score }, i) => {
      const rank = i + 1;
      const contribution = weights[part] * (scale ? scale(score) : 1 / (k + rank));
      let parts = partsById.get(id);
      if (!parts) partsById.set(id, (parts = lists.map(() => undefined)));
      parts[part] = { rank, score, contribution };
    });
    return scale && list.length > 0 ? weights[part] * scale(list.at(-1)!.score) : 0;
  });
  const hits = Array.from(partsById, ([id, parts]): FusedHit => {
    const score = parts.reduce((sum, part, i) => sum + (part?.contribution ?? otherwise[i]), 0);
    return { id, score, parts };
  });
  hits.sort((a, b) => b.score - a.score || compareCodePoints(a.id, b.id));
  return hits.slice(0, limit);
}

/** Puts the scores of one list on a common scale. A list of equal scores says nothing about its documents but that it lists them. */
function scaleOf(list: readonly Hit[], fusion: 'min-max' | 'z-score'): (score: number) => number {
  const scores = list.map(({ score }) => score);
  if (fusion === 'min-max') {
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    return (score) => (high > low ? (score - low) / (high - low) : 1);
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
  return (score) => (deviation > 0 ? (score - mean) / deviation : 0);
}
