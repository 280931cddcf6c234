/**
 * @file What a policy is trained on: a corpus, examples to rewrite, and judgments. Data only; the readers are beside it,
 * one file per format.
 */

export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

export interface Document {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** For a reward that pays for the right shelf. */
  readonly category?: string;
}

/** One thing to rewrite: what a shopper typed, or what a shopper bought. */
export interface Example {
  readonly id: string;
  /** What the prompt shows and what the baseline searches: the raw query, or the titles of the history joined by newlines. */
  readonly query: string;
  /** Sequences only: ids of the items bought so far, oldest first. They are left out of rankings. */
  readonly history?: readonly string[];
  /** Document id to grade, grades above 0 only. */
  readonly relevant: ReadonlyMap<string, number>;
}

export interface Task {
  readonly name: string;
  /** The folder that it was read from. */
  readonly dir: string;
  readonly kind: 'search' | 'sequence';
  readonly documents: readonly Document[];
  readonly examples: Readonly<Record<Split, readonly Example[]>>;
  /** What a reader should know, one sentence each: how splits were made, what was left out and why. */
  readonly notes: readonly string[];
}
