/** @file What a rewrite is to those who show it. Types only, so that the panels can share them. */

export interface ShownHit {
  readonly id: string;
  readonly score: number;
  readonly title: string;
}

/** What the rewrite of a query that the task judges is worth. */
export interface JudgedRewrite {
  /** Such as `ndcg@10`. */
  readonly metric: string;
  readonly original: number;
  readonly rewrite: number;
  /** Document id to grade above 0. */
  readonly grades: Readonly<Record<string, number>>;
}

export interface RewriteAnswer {
  readonly query: string;
  /** Null when the answer is malformed; `format` says how. */
  readonly rewrite: string | null;
  readonly format: string;
  readonly completion: string;
  /** The best documents for the rewrite, and for the query as it stands. */
  readonly hits: readonly ShownHit[];
  readonly baselineHits: readonly ShownHit[];
  /** Only where the query is one of the task's. */
  readonly judged?: JudgedRewrite;
}
