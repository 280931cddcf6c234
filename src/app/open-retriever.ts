/** @file The recommender that a configuration names, ready to search. No tensor code is reached from here. */
import { RETRIEVER_TOKEN } from '../base/environment.ts';
import type { Task } from '../data/task.ts';
import { type Bm25Index, bm25Index } from '../retrieval/bm25/bm25.ts';
import { type Bm25RetrieverOptions, bm25Retriever } from '../retrieval/bm25/bm25-retriever.ts';
import { hybridRetriever } from '../retrieval/hybrid.ts';
import type { Environment } from '../retrieval/network/credentials.ts';
import { networkRetriever, type NetworkOptions } from '../retrieval/network/options.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { RunConfig } from './config.ts';
import { openPostings } from './index-cache.ts';
import { openDense, type OpenDenseOptions } from './open-dense.ts';
import { readRetrieverSpec, type RetrieverSpec } from './retriever-spec.ts';

/** What is searched where the recommender has no documents of its own. */
export type Corpus = Pick<Task, 'documents' | 'dir'>;

export interface OpenOptions extends Bm25RetrieverOptions, OpenDenseOptions {}

/**
 * Opens what the setting `retriever` names. Dispose it when it is no longer needed.
 *
 * @throws UserError when it names nothing, or what it names cannot be opened.
 */
export async function openRetriever(
  corpus: Corpus,
  config: RunConfig,
  options: OpenOptions = {},
  environment: Environment = process.env,
): Promise<Retriever> {
  return open(await readRetrieverSpec(config.retriever), corpus, config, options, environment);
}

async function open(
  spec: RetrieverSpec,
  corpus: Corpus,
  config: RunConfig,
  options: OpenOptions,
  environment: Environment,
): Promise<Retriever> {
  switch (spec.kind) {
    case 'bm25': {
      return bm25Retriever(await openBm25(corpus, config), { syntax: config['bm25.syntax'], ...options });
    }
    case 'dense':
      return openDense(corpus.documents, spec, options);
    case 'hybrid': {
      const parts: Retriever[] = [];
      try {
        for (const part of spec.parts) parts.push(await open(part, corpus, config, options, environment));
        return hybridRetriever(parts, spec);
      } catch (error) {
        for (const part of parts) await part.dispose?.();
        throw error;
      }
    }
    default:
      return networkRetriever(withToken(spec, environment), environment);
  }
}

/** The index behind `bm25`, with the run's own parameters. */
export async function openBm25(corpus: Corpus, config: RunConfig): Promise<Bm25Index> {
  const postings = await openPostings(corpus, { positions: config['bm25.syntax'] === 'lucene' });
  return bm25Index(postings, { k1: config['bm25.k1'], b: config['bm25.b'] });
}

/** A server with our contract gets the key of the usual variable, where there is one and the description names no other. */
function withToken(spec: NetworkOptions, environment: Environment): NetworkOptions {
  if (spec.kind !== 'http' || spec.auth || !environment[RETRIEVER_TOKEN]) return spec;
  return { ...spec, auth: { bearer: RETRIEVER_TOKEN } };
}
