/** @file `rec-r1 search --retriever`: any recommender that a training may have, asked once before it is trained against. */
import { configFrom } from '../app/config.ts';
import { type Corpus, openRetriever } from '../app/open-retriever.ts';
import { readRetrieverSpec, type RetrieverSpec } from '../app/retriever-spec.ts';
import { searchFile, searchOne } from '../app/search.ts';
import { UserError } from '../base/errors.ts';
import { openTask } from '../data/open-task.ts';
import type { Options, Output } from './command.ts';
import { encodingNotes } from './encoding-notes.ts';
import { printAnswer } from './print-answer.ts';

export const RECOMMENDER_OPTIONS = {
  retriever: {
    type: 'string',
    value: 'FILE|URL',
    about: 'Instead of an index: a recommender, as the setting retriever of a training names it.',
  },
  task: { type: 'string', value: 'DIR', about: 'With --retriever: the task whose documents bm25 and dense search.' },
} as const satisfies Options;

export interface RecommenderRequest {
  readonly retriever: string;
  readonly task: string | undefined;
  readonly query: string;
  /** The file of queries, in place of one query. */
  readonly queries: string | undefined;
  readonly limit: number;
}

export async function searchRecommender(request: RecommenderRequest, output: Output): Promise<void> {
  const { query, queries, limit } = request;
  const config = configFrom({ retriever: request.retriever }, '--retriever');
  const retriever = await openRetriever(await corpusOf(request), config, { onProgress: encodingNotes(output) });
  try {
    if (queries === undefined) printAnswer(await searchOne(retriever, query, limit), output);
    else for await (const answer of searchFile(retriever, queries, limit)) printAnswer(answer, output);
  } finally {
    await retriever.dispose?.();
  }
}

/** A server has its own documents; bm25 and dense search those of a task. */
async function corpusOf({ retriever, task }: RecommenderRequest): Promise<Corpus> {
  if (task !== undefined) return openTask(task);
  if (searchesCorpus(await readRetrieverSpec(retriever))) {
    throw new UserError(`${retriever} searches the documents of a task; name it with --task DIR.`);
  }
  return { dir: '', documents: [] };
}

function searchesCorpus(spec: RetrieverSpec): boolean {
  if (spec.kind === 'hybrid') return spec.parts.some(searchesCorpus);
  return spec.kind === 'bm25' || spec.kind === 'dense';
}
