/** @file What the engines of `npm run bench:retrieval` are asked and answer: each is a process of its own, so that memory is comparable. */

export interface BenchRequest {
  /** JSON Lines with `_id`, `title` and `text`, and in a folder of its own with Anserini's `id` and `contents`. */
  readonly corpus: string;
  readonly luceneCorpus: string;
  /** An empty folder for the index. */
  readonly index: string;
  readonly sets: readonly { readonly name: string; readonly queries: readonly string[] }[];
  readonly limits: readonly number[];
  /** Of each measurement. */
  readonly seconds: number;
  /** Measurements of each number. */
  readonly repeats: number;
  /** Threads of the second round; the first has one. */
  readonly threads: number;
}

export interface BenchAnswer {
  readonly documentsPerSecond: number;
  readonly indexBytes: number;
  readonly peakBytes: number;
  /** Only ours: reading the index file, and putting k1 and b to it. */
  readonly openMillis?: number;
  /** Queries per second by `WAY SET LIMIT`, one number a repeat. */
  readonly rates: Readonly<Record<string, readonly number[]>>;
}
