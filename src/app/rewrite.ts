/** @file Asking a checkpoint for rewrites of single queries, with what the recommender makes of them. */
import { parseCompletion } from '../data/prompt.ts';
import type { Task } from '../data/task.ts';
import { disposePolicy, type Policy } from '../model/policy.ts';
import type { Hit, Retriever } from '../retrieval/retriever.ts';
import { rollOut } from '../rl/rollout.ts';
import { findCheckpoint } from '../runs/checkpoint.ts';
import type { RunConfig } from './config.ts';
import { openRetriever } from './open-retriever.ts';
import { openBackend, openTaskOf, rolloutSettings } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import { storedConfig } from './train.ts';
import { UserError } from '../base/errors.ts';

export interface ShownHit extends Hit {
  readonly title: string;
}

export interface RewriteAnswer {
  readonly query: string;
  /** Null when the answer is malformed; `format` says how. */
  readonly rewrite: string | null;
  readonly format: string;
  readonly completion: string;
  /** The best documents for the rewrite, and for the query as it stands. */
  readonly hits: readonly ShownHit[];
  readonly baselineHits: readonly ShownHit[];
}

export interface Rewriter {
  readonly checkpoint: string;
  /** Greedy; with `sample`, another draw for each number. */
  rewrite(query: string, options?: { readonly limit?: number; readonly sample?: number }): Promise<RewriteAnswer>;
  dispose(): Promise<void>;
}

/** Opens a checkpoint of a run, the newest when none is named, with the run's own task and recommender. */
export async function openRewriter(runDir: string, checkpoint?: string): Promise<Rewriter> {
  const config = storedConfig(runDir);
  const { name, dir } = await findCheckpoint(runDir, checkpoint);
  await openBackend(config);
  const task = await openTaskOf(config);
  const retriever = await openRetriever(task, config);
  const titles = new Map(task.documents.map(({ id, title }) => [id, title]));
  const policy = await openCheckpoint(dir, config);
  return {
    checkpoint: name,
    rewrite: async (query, { limit = 10, sample } = {}) => {
      if (query.trim() === '') throw new UserError('The query is empty; type what a shopper would.');
      const completion = await complete(policy, task, config, query, sample);
      const { rewrite, format } = parseCompletion(completion);
      const [hits, baselineHits] = await Promise.all(
        [rewrite ?? '', query].map((text) => searchOne(retriever, text, limit, titles)),
      );
      return { query, rewrite, format, completion, hits, baselineHits };
    },
    dispose: async () => {
      disposePolicy(policy);
      await retriever.dispose?.();
    },
  };
}

async function complete(
  policy: Policy,
  task: Task,
  config: RunConfig,
  query: string,
  sample: number | undefined,
): Promise<string> {
  const rollout = rolloutSettings(task, config);
  const settings = { ...rollout, groupSize: 1, temperature: sample === undefined ? 0 : rollout.temperature };
  const example = { id: query, query, relevant: new Map<string, number>() };
  const [group] = await rollOut(policy, [example], settings, { seed: config.seed, step: sample ?? 0 }, () =>
    Promise.resolve(),
  );
  return group.completions[0].text;
}

async function searchOne(
  retriever: Retriever,
  text: string,
  limit: number,
  titles: ReadonlyMap<string, string>,
): Promise<ShownHit[]> {
  const [outcome] = await retriever.search([text], limit);
  if (outcome.kind === 'failed') throw new UserError(`The search for "${text}" failed: ${outcome.message}`);
  return outcome.hits.map((hit) => ({ ...hit, title: titles.get(hit.id) ?? '' }));
}
