/** @file The recommender that a configuration names, ready to search. No tensor code is reached from here. */
import { RETRIEVER_TOKEN } from '../base/environment.ts';
import type { Task } from '../data/task.ts';
import { type Bm25RetrieverOptions, bm25Retriever, buildBm25Index } from '../retrieval/bm25.ts';
import type { Environment } from '../retrieval/network/credentials.ts';
import { networkRetriever, type NetworkOptions } from '../retrieval/network/options.ts';
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
  environment: Environment = process.env,
): Promise<Retriever> {
  return open(await readRetrieverSpec(config.retriever), task, config, options, environment);
}

function open(
  spec: RetrieverSpec,
  task: Task,
  config: RunConfig,
  options: Bm25RetrieverOptions,
  environment: Environment,
): Retriever {
  switch (spec.kind) {
    case 'bm25': {
      const params = { k1: config['bm25.k1'], b: config['bm25.b'] };
      return bm25Retriever(buildBm25Index(task.documents, params), options);
    }
    default:
      return networkRetriever(withToken(spec, environment), environment);
  }
}

/** A server with our contract gets the key of the usual variable, where there is one and the description names no other. */
function withToken(spec: NetworkOptions, environment: Environment): NetworkOptions {
  if (spec.kind !== 'http' || spec.auth || !environment[RETRIEVER_TOKEN]) return spec;
  return { ...spec, auth: { bearer: RETRIEVER_TOKEN } };
}
