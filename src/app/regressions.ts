/** @file Checks that rewrites still find what they must, one test at a time. */
import { readFile } from 'node:fs/promises';
import { readingError } from '../base/lines.ts';
import { parseRegressions, type Regression } from '../data/regressions.ts';
import type { Rewriter } from './rewrite.ts';
import type { ShownHit } from './rewrite-answer.ts';

/** Hits shown of a ranking that misses something, however many count. */
const SHOWN_HITS = 10;
/** How deep a document that is missed is looked for, to say how far away it is. */
const SEARCHED = 1000;

export interface FoundDocument {
  readonly id: string;
  /** From 1; null when it is not even among the first 1,000. */
  readonly rank: number | null;
}

export interface RegressionResult {
  readonly test: Regression;
  readonly checkpoint: string;
  readonly passed: boolean;
  /** Null when the answer is malformed; `format` says how. */
  readonly rewrite: string | null;
  readonly format: string;
  /** Where the documents of the test are, in its order. */
  readonly found: readonly FoundDocument[];
  /** The beginning of the ranking that was got. */
  readonly hits: readonly ShownHit[];
}

/** @throws UserError when it cannot be read, or holds something else. */
export async function readRegressions(file: string): Promise<readonly Regression[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw readingError(file, error);
  });
  return parseRegressions(text, file);
}

/** Rewrites a test's query and looks where its documents are then. A malformed answer finds nothing. */
export async function checkRegression(rewriter: Rewriter, test: Regression): Promise<RegressionResult> {
  const { documents, k, need } = test;
  const { rewrite, format, hits } = await rewriter.rewrite(test.query, { limit: Math.max(SEARCHED, k) });
  const ranking = rewrite === null ? [] : hits;
  const ranks = new Map(ranking.map(({ id }, i) => [id, i + 1]));
  const found = documents.map((id) => ({ id, rank: ranks.get(id) ?? null }));
  const isFound = ({ rank }: FoundDocument): boolean => rank !== null && rank <= k;
  const passed = need === 'all' ? found.every(isFound) : found.some(isFound);
  const { checkpoint } = rewriter;
  return { test, checkpoint, passed, rewrite, format, found, hits: ranking.slice(0, Math.min(k, SHOWN_HITS)) };
}
