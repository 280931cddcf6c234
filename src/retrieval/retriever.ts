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
  | { readonly kind: 'failed'; readonly message: string };

export interface Retriever {
  /** For people and for the run's record, such as `bm25(k1=1.2,b=0.75)`. */
  readonly name: string;
  /** The best `limit` documents of each query, best first, in the order of the queries. No hit is a normal outcome. */
  search(queries: readonly string[], limit: number, signal?: AbortSignal): Promise<readonly SearchOutcome[]>;
  /** Ends what it holds open: a program, connections. Called once, when no search is running. */
  dispose?(): Promise<void>;
}
