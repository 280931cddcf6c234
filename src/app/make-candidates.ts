/**
 * @file Makes a re-ranking task of a search task: for each query the best documents of its recommender, to be put in a better
 * order (Rec-R1's third task; the released code keeps queries with a target among the best 16).
 */
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { writeLines } from '../base/write-lines.ts';
import { candidateText, withCandidates } from '../data/candidates.ts';
import { emptySplits } from '../data/split.ts';
import { type Candidate, type Example, SPLITS, type Split, type Task } from '../data/task.ts';
import { ndcgAt } from '../retrieval/metrics.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { type ImportSummary, summaryOf } from './import-task.ts';
import { corpusRow, writeExamples, writeFolder } from './task-folder.ts';

export interface CandidatesSummary extends ImportSummary {
  /** Queries of the search task, by split. */
  readonly queries: Readonly<Record<Split, number>>;
  /** Mean NDCG@10 of the order in which the candidates were retrieved, which is what there is to beat; NaN without examples. */
  readonly originalOrder: Readonly<Record<Split, number>>;
}

/** How many queries are searched for at once. */
const BATCH = 256;

/**
 * Writes a task of the queries with a relevant document among the best `depth`; only those documents are its corpus, and only
 * those that are relevant its targets.
 *
 * @throws UserError for a task that is no search, a search that fails, and when no query is left.
 */
export async function makeCandidates(
  task: Task,
  retriever: Retriever,
  depth: number,
  out: string,
  interrupt?: AbortSignal,
): Promise<CandidatesSummary> {
  if (task.kind !== 'search') {
    throw new UserError(`${task.dir} is a ${task.kind} task; candidates are made from the queries of a search task.`);
  }
  return writeFolder(out, (dir) => write(task, retriever, depth, dir, out), interrupt);
}

async function write(
  task: Task,
  retriever: Retriever,
  depth: number,
  dir: string,
  out: string,
): Promise<CandidatesSummary> {
  const examples = emptySplits();
  const documents = new Map(task.documents.map((document) => [document.id, document]));
  const textOf = (id: string): string => {
    const document = documents.get(id);
    if (document) return candidateText(document);
    throw new UserError(`${retriever.name} found "${id}", which is not in the corpus of ${task.dir}; add it there.`);
  };
  for (const split of SPLITS) examples[split] = await searchedFor(task.examples[split], retriever, depth, textOf);
  const kept = SPLITS.flatMap((split) => examples[split]);
  if (kept.length === 0) throw new UserError(`${retriever.name} finds nothing relevant for any query of ${task.dir}.`);

  const found = new Set(kept.flatMap(({ candidates = [] }) => candidates.map(({ id }) => id)));
  await writeLines(join(dir, 'corpus.jsonl'), async (line) => {
    for (const document of task.documents) if (found.has(document.id)) await line(corpusRow(document));
  });
  await writeExamples(dir, examples);
  return {
    ...summaryOf(out, { kind: 'rerank', documents: found.size, examples, notes: [] }),
    queries: bySplit((split) => task.examples[split].length),
    originalOrder: bySplit((split) => meanNdcg(examples[split])),
  };
}

async function searchedFor(
  examples: readonly Example[],
  retriever: Retriever,
  depth: number,
  textOf: (id: string) => string,
): Promise<Example[]> {
  const kept: Example[] = [];
  for (let start = 0; start < examples.length; start += BATCH) {
    const batch = examples.slice(start, start + BATCH);
    const outcomes = await retriever.search(batch.map(({ query }) => query), depth); // prettier-ignore
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.kind === 'failed')
        throw new UserError(`The search for "${batch[i].query}" failed: ${outcome.message}`);
      const candidates = outcome.hits.map(({ id }): Candidate => ({ id, text: textOf(id) }));
      if (candidates.length > 1) kept.push(...withCandidates(batch[i], candidates));
    }
  }
  return kept;
}

function meanNdcg(examples: readonly Example[]): number {
  const sum = examples.reduce(
    (total, { candidates = [], relevant }) => total + ndcgAt(candidates.map(({ id }) => id), relevant, 10), // prettier-ignore
    0,
  );
  return sum / examples.length;
}

function bySplit<T>(value: (split: Split) => T): Readonly<Record<Split, T>> {
  return { train: value('train'), validation: value('validation'), test: value('test') };
}
