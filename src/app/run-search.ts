/** @file What all checkpoints of a run share: its task and its recommender. */
import { candidateText } from '../data/candidates.ts';
import { customPrompt } from '../data/prompt-template.ts';
import { type Candidate, type Document, type Example, SPLITS, type Task } from '../data/task.ts';
import { UserError } from '../base/errors.ts';
import type { Hit, Retriever } from '../retrieval/retriever.ts';
import type { RunConfig } from './config.ts';
import { openRetriever } from './open-retriever.ts';
import { openTaskOf } from './task-of.ts';
import { storedConfig } from './stored-config.ts';

export interface RunSearch {
  readonly config: RunConfig;
  readonly task: Task;
  readonly retriever: Retriever;
  readonly documents: ReadonlyMap<string, Document>;
  /** The examples of the task by their queries. */
  readonly examples: ReadonlyMap<string, Example>;
}

/** Opens the task and the recommender of a run. Dispose the recommender when it is no longer needed. */
export async function openRunSearch(runDir: string): Promise<RunSearch> {
  const config = storedConfig(runDir);
  const task = await openTaskOf(config);
  const examples = SPLITS.flatMap((split) => task.examples[split]).reverse(); // of the same query twice, the first counts
  return {
    config,
    task,
    retriever: await openRetriever(task, config),
    documents: new Map(task.documents.map((document) => [document.id, document])),
    examples: new Map(examples.map((example) => [example.query.trim(), example])),
  };
}

/** How many candidates are put in order for a query that the task does not have, as in the paper. */
const CANDIDATES = 16;

/** The task's example of a query; a query of nobody's becomes one of the task's kind, without judgments. */
export async function exampleOf({ task, retriever, documents, examples }: RunSearch, query: string): Promise<Example> {
  const known = examples.get(query.trim());
  if (known) return known;
  const example = { id: query, query, relevant: new Map<string, number>() };
  const template = [...examples.values()].find(({ custom }) => custom)?.custom?.template;
  const custom = template && { custom: customPrompt(template, { text: query }, `${task.dir} and a query alone`) };
  switch (task.kind) {
    case 'search':
      return { ...example, ...custom };
    case 'sequence':
      return { ...example, ...custom, history: [] };
    case 'rerank': {
      const [hits] = await searchAll(retriever, [query], CANDIDATES);
      const candidates = hits.flatMap(({ id }): Candidate[] => {
        const document = documents.get(id);
        return document ? [{ id, text: candidateText(document) }] : [];
      });
      return { ...example, candidates };
    }
    default:
      return task.kind satisfies never;
  }
}

/** The best `limit` documents of each text. @throws UserError when a search fails. */
export async function searchAll(
  retriever: Retriever,
  texts: readonly string[],
  limit: number,
): Promise<(readonly Hit[])[]> {
  const outcomes = await retriever.search(texts, limit);
  return outcomes.map((outcome, i) => {
    if (outcome.kind === 'hits') return outcome.hits;
    throw new UserError(`The search for "${texts[i]}" failed: ${outcome.message}`);
  });
}
