/**
 * @file Any recommender as the black box, over HTTP:
 *
 *     POST URL   {"queries": ["…", …], "limit": 100}
 *     200        {"results": [{"hits": [{"id": "…", "score": 1.5}, …]} | {"error": "…"}, …]}
 *
 * `contract.ts` has the details. A server that is busy answers with 429 or 503, with `Retry-After` if it knows when to come
 * back; other statuses from 500 on are tried again too, 4xx are not. A server that cannot answer several queries at once is
 * given `batchSize: 1` and finds one query in the list.
 */
import type { Retriever } from '../retriever.ts';
import { readResponse, requestText } from './contract.ts';
import { type Access, credentialsOf, type Environment } from './credentials.ts';
import { post, serverAddress, shownAddress } from './post.ts';
import { type ResilienceOptions, resilientSearch } from './resilience.ts';

export interface HttpRetrieverOptions extends ResilienceOptions, Access {
  readonly url: string;
}

/**
 * A recommender behind the contract above.
 *
 * @throws UserError when the URL is none or holds a password, or a named environment variable is not set.
 */
export function httpRetriever(options: HttpRetrieverOptions, environment: Environment = process.env): Retriever {
  const url = serverAddress(options.url, 'http://localhost:8000/search');
  const who = shownAddress(url);
  const { headers, secrets } = credentialsOf(options, who, environment);
  const search = resilientSearch(
    {
      who,
      secrets,
      ask: async (queries, limit, signal) => {
        const type = { 'content-type': 'application/json', accept: 'application/json' };
        const body = await post(url, { ...type, ...headers }, requestText(queries, limit), secrets, signal);
        return readResponse(body, queries.length, limit);
      },
    },
    options,
  );
  return { name: `http(${who})`, search };
}
