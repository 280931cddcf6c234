/**
 * @file The black box of Rec-R1: text in, ranked documents out. A failed search is a state of its own and never a score.
 */

export interface Hit {
  readonly id: string;
  readonly score: number;
}

export type SearchOutcome =
  | {
      readonly kind: 'hits';
      readonly hits: readonly Hit[];
      /** What a person should know of this search, such as that its query syntax was wrong and was searched as plain words. */
      readonly note?: string;
    }
  | FailedSearch;

export interface FailedSearch {
  readonly kind: 'failed';
  readonly message: string;
}

/** A query with the documents that decide its reward. */
export interface JudgedQuery {
  readonly query: string;
  /** Ids whose ranks are asked for. */
  readonly judged: readonly string[];
  /** Ids that are left out, as if the ranking did not have them: what a shopper already owns. */
  readonly leftOut?: readonly string[];
}

/** What a reward needs of a ranking of at most `limit` documents. */
export interface JudgedRanking {
  /** Ranks from 1 of the judged documents that are in the ranking. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The first {@link SHOWN} ids, best first, for people to see. */
  readonly top: readonly string[];
  /** Documents in the ranking, `limit` at most. */
  readonly length: number;
}

/** Documents that are shown of a ranking whose list is not made. */
export const SHOWN = 10;

export type RankOutcome = ({ readonly kind: 'ranked'; readonly note?: string } & JudgedRanking) | FailedSearch;

export interface Retriever {
  /** For people and for the run's record, such as `bm25(k1=1.2,b=0.75)`. */
  readonly name: string;
  /** The best `limit` documents of each query, best first, in the order of the queries. No hit is a normal outcome. */
  search(queries: readonly string[], limit: number, signal?: AbortSignal): Promise<readonly SearchOutcome[]>;
  /**
   * For retrievers that find ranks faster than lists: must equal what `rankJudged` of judged.ts reads off the lists, which is
   * what callers use.
   */
  readonly rankJudged?: (
    queries: readonly JudgedQuery[],
    limit: number,
    signal?: AbortSignal,
  ) => Promise<readonly RankOutcome[]>;
  /** Ends what it holds open: a program, connections. Called once, when no search is running. */
  dispose?(): Promise<void>;
}
