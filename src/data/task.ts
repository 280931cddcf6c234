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

/** A task's own prompt, with `{name}` for a field of the query's row; see prompt-template.ts. */
export interface PromptTemplate {
  readonly system?: string;
  readonly user: string;
  /** Under which key of the JSON the answer is looked for. */
  readonly answerKey: string;
}

/** A template with what the row of one query gives for its fields. */
export interface CustomPrompt {
  readonly template: PromptTemplate;
  readonly fields: Readonly<Record<string, string>>;
}

/** A document among those that a re-ranking puts in order. */
export interface Candidate {
  readonly id: string;
  /** What a prompt shows of it. */
  readonly text: string;
}

/** One thing to answer: what a shopper typed, what a shopper bought, or what was found for a shopper. */
export interface Example {
  readonly id: string;
  /** What the prompt shows and what the baseline searches: the raw query, or the titles of the history joined by newlines. */
  readonly query: string;
  /** Sequences only: ids of the items bought so far, oldest first. They are left out of rankings … */
  readonly history?: readonly string[];
  /** … unless this is set, as in the paper. */
  readonly ranksOwned?: true;
  /** Re-ranking only: what is to be put in order, as it was retrieved. No search is made then: the answer is the ranking. */
  readonly candidates?: readonly Candidate[];
  /** Where the task brings its own prompt. */
  readonly custom?: CustomPrompt;
  /** Document id to grade, grades above 0 only. */
  readonly relevant: ReadonlyMap<string, number>;
  /** Those that were judged relevant too, but that the corpus lacks: an evaluation counts them as missed. */
  readonly absent?: ReadonlyMap<string, number>;
  /** Ids of documents that were judged and are not relevant. */
  readonly irrelevant?: readonly string[];
}

export interface Task {
  readonly name: string;
  /** The folder that it was read from. */
  readonly dir: string;
  readonly kind: 'search' | 'sequence' | 'rerank';
  readonly documents: readonly Document[];
  readonly examples: Readonly<Record<Split, readonly Example[]>>;
  /** What a reader should know, one sentence each: how splits were made, what was left out and why. */
  readonly notes: readonly string[];
}
