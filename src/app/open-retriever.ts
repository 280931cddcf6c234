/** @file The recommender that a configuration names, ready to search. No tensor code is reached from here. */
import { RETRIEVER_TOKEN } from '../base/environment.ts';
import type { Task } from '../data/task.ts';
import { type Bm25RetrieverOptions, bm25Retriever, buildBm25Index } from '../retrieval/bm25.ts';
import { httpRetriever } from '../retrieval/network/http.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { RunConfig } from './config.ts';
import { readRetrieverSpec, type RetrieverSpec } from './retriever-spec.ts';

/**
 * Opens what the setting `retriever` names. Dispose it when it is no longer needed.
 *
 * @throws UserError when it names nothing, or what it names cannot be opened.
 */
export async function openRetriever(
  task: Task,
  config: RunConfig,
  options: Bm25RetrieverOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Retriever> {
  return open(await readRetrieverSpec(config.retriever), task, config, options, environment);
}

function open(
  spec: RetrieverSpec,
  task: Task,
  config: RunConfig,
  options: Bm25RetrieverOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Retriever {
  switch (spec.kind) {
    case 'bm25': {
      const params = { k1: config['bm25.k1'], b: config['bm25.b'] };
      return bm25Retriever(buildBm25Index(task.documents, params), options);
    }
    case 'http': {
      const token = environment[RETRIEVER_TOKEN];
      return httpRetriever({ url: spec.url, ...(token && { auth: { bearer: RETRIEVER_TOKEN } }) }, environment);
    }
  }
}
