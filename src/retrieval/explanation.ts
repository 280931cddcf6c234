/**
 * @file Two ranked lists for one need and why each document is where it is, as data: what a worker answers and a panel shows.
 * Types only, so that the webview can share them.
 */

/** What one term, or one recommender of a mixture, adds to a score. */
export interface ScorePart {
  readonly name: string;
  readonly score: number;
  /** Terms only: how often the document has it, and how many documents do. */
  readonly frequency?: number;
  readonly documentFrequency?: number;
}

export interface ExplainedRank {
  readonly id: string;
  /** From 1; null when it was not found. */
  readonly rank: number | null;
  /** 0 when it was not found. */
  readonly score: number;
  /** The largest first. They add up to the score; none where the recommender does not say. */
  readonly parts: readonly ScorePart[];
  /** The clause of the query that keeps it out. */
  readonly excludedBy?: string;
}

export interface ExplainedList {
  readonly query: string;
  /** The documents in question, in the order of their ranks, what was not found last. */
  readonly documents: readonly ExplainedRank[];
  /** What the recommender said of the search. */
  readonly note?: string;
}

/** What a rewrite did to one term of the query. */
export interface ComparedTerm {
  /** As indexed. */
  readonly term: string;
  readonly change: 'added' | 'dropped' | 'reweighted' | 'kept';
  readonly before: number;
  readonly after: number;
  readonly documentFrequency: number;
}

export interface DocumentFields {
  readonly title: string;
  readonly text: string;
  readonly category?: string;
}

export interface RankingExplanation {
  /** Such as `bm25(k1=1.2,b=0.75)`. */
  readonly retriever: string;
  readonly before: ExplainedList;
  readonly after: ExplainedList;
  /** Terms of either query, changed ones first; empty where the recommender has none. */
  readonly terms: readonly ComparedTerm[];
  /** Of the documents in question, by id. A server may rank what the task's corpus lacks. */
  readonly fields: Readonly<Record<string, DocumentFields>>;
  /** Judged documents that no rewrite can reach: the corpus lacks them, or they are left out because a shopper owns them. */
  readonly unreachable: readonly string[];
}
