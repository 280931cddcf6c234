/**
 * @file What is asked of the worker that answers questions, and what it says. Types only.
 *
 * Every question ends in exactly one answer or one error.
 */
import type { ComparisonQuestion } from '../app/compare.ts';
import type { ExplainQuestion } from '../app/explain.ts';
import type { ExportRequest, ExportSummary } from '../app/export.ts';
import type { Installable, Installation } from '../app/install-backend.ts';
import type { RegressionResult } from '../app/regressions.ts';
import type { RewriteAnswer } from '../app/rewrite-answer.ts';
import type { DocumentFields, RankingExplanation } from '../retrieval/explanation.ts';
import type { Regression } from '../data/regressions.ts';
import type { Comparison } from '../runs/comparison.ts';

/** Each kind of question: what is asked, and what comes back. */
export interface Questions {
  readonly compare: { readonly ask: ComparisonQuestion; readonly answer: Comparison };
  readonly rewrite: {
    readonly ask: {
      readonly runDir: string;
      /** The newest when left out. */
      readonly checkpoint?: string;
      readonly queries: readonly string[];
      /** Greedy when left out, otherwise another draw for each number. */
      readonly sample?: number;
    };
    /** In the order of the queries. */
    readonly answer: readonly RewriteAnswer[];
  };
  readonly export: { readonly ask: ExportRequest; readonly answer: ExportSummary };
  readonly regression: {
    readonly ask: { readonly runDir: string; readonly checkpoint?: string; readonly test: Regression };
    readonly answer: RegressionResult;
  };
  /** Two queries for one need, and why each document is where it is. */
  readonly explain: { readonly ask: ExplainQuestion; readonly answer: RankingExplanation };
  /** What the corpus of a run's task has of documents, by id. */
  readonly documents: {
    readonly ask: { readonly runDir: string; readonly ids: readonly string[] };
    readonly answer: Readonly<Record<string, DocumentFields>>;
  };
  /** The worker's output says how it goes. */
  readonly 'install-backend': { readonly ask: { readonly backend: Installable }; readonly answer: Installation };
}

export type QuestionKind = keyof Questions;

/** A question, or the wish to have it ended early; `id` is the asker's. */
export type ToWorker =
  | {
      readonly [K in QuestionKind]: { readonly id: number; readonly kind: K; readonly ask: Questions[K]['ask'] };
    }[QuestionKind]
  | { readonly id: number; readonly kind: 'cancel' };

export type FromWorker =
  | { readonly id: number; readonly kind: 'answer'; readonly answer: Questions[QuestionKind]['answer'] }
  | { readonly id: number; readonly kind: 'error'; readonly message: string; readonly byUser: boolean };
