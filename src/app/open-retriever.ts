/** @file The recommender that a configuration names. No tensor code is reached from here. */
import { UserError } from '../base/errors.ts';
import type { Task } from '../data/task.ts';
import { type Bm25RetrieverOptions, bm25Retriever, buildBm25Index } from '../retrieval/bm25.ts';
import { httpRetriever } from '../retrieval/http.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { RunConfig } from './config.ts';

/** Where the key of a recommender behind HTTP is read from. */
const TOKEN_VARIABLE = 'REC_R1_RETRIEVER_TOKEN';

/**
 * BM25 over the titles and texts of the task, or the recommender at a URL.
 *
 * @throws UserError when `retriever` is neither.
 */
export function openRetriever(
  task: Task,
  config: RunConfig,
  options: Bm25RetrieverOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Retriever {
  const { retriever } = config;
  if (retriever === 'bm25') {
    return bm25Retriever(buildBm25Index(task.documents, { k1: config['bm25.k1'], b: config['bm25.b'] }), options);
  }
  if (!/^https?:\/\//.test(retriever) || !URL.canParse(retriever)) {
    throw new UserError(`retriever is "${retriever}"; it must be bm25 or a URL such as http://localhost:8000/search.`);
  }
  const token = environment[TOKEN_VARIABLE];
  return httpRetriever({ url: retriever, ...(token && { token }) });
}
