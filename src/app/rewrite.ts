/**
 * @file Asking a checkpoint for rewrites of queries, with what the recommender makes of them and, where the task judges a
 * query, what that is worth.
 */
import { UserError } from '../base/errors.ts';
import { orderOf, parseCompletion } from '../data/answer.ts';
import type { Example } from '../data/task.ts';
import { disposePolicy, type Policy } from '../model/policy.ts';
import type { Hit } from '../retrieval/retriever.ts';
import { ndcgOf, rankRelevant } from '../rl/reward.ts';
import { rollOut } from '../rl/rollout.ts';
import { findCheckpoint } from '../runs/checkpoint.ts';
import { openBackend, rolloutSettings } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import type { JudgedRewrite, RewriteAnswer, ShownHit } from './rewrite-answer.ts';
import { exampleOf, openRunSearch, type RunSearch, searchAll } from './run-search.ts';

export interface RewriteOptions {
  readonly limit?: number;
  /** Greedy when left out, otherwise another draw for each number. */
  readonly sample?: number;
  /** Awaited between tokens; may throw to end early. */
  readonly turn?: () => Promise<void>;
}

export interface Rewriter {
  readonly checkpoint: string;
  /** Bytes of its weights. */
  readonly sizeBytes: number;
  readonly rewrite: (query: string, options?: RewriteOptions) => Promise<RewriteAnswer>;
  /** Many at once, in their order: faster than one after another, with the same answers. */
  readonly rewriteAll: (queries: readonly string[], options?: RewriteOptions) => Promise<RewriteAnswer[]>;
  readonly dispose: () => Promise<void>;
}

/** Opens a checkpoint of a run, the newest when none is named, with the run's own task and recommender. */
export async function openRewriter(runDir: string, checkpoint?: string): Promise<Rewriter> {
  const search = await openRunSearch(runDir);
  try {
    await openBackend(search.config);
    const rewriter = await openRewriterFor(search, runDir, checkpoint);
    return {
      ...rewriter,
      dispose: async () => {
        await rewriter.dispose();
        await search.retriever.dispose?.();
      },
    };
  } catch (error) {
    await search.retriever.dispose?.();
    throw error;
  }
}

/** Opens a checkpoint beside others of its run, on the engine that is open; `search` stays open when it is disposed. */
export async function openRewriterFor(search: RunSearch, runDir: string, checkpoint?: string): Promise<Rewriter> {
  const { name, dir } = await findCheckpoint(runDir, checkpoint);
  const policy = await openCheckpoint(dir, search.config);
  const rewriteAll: Rewriter['rewriteAll'] = (queries, options = {}) => answer(policy, search, queries, options);
  return {
    checkpoint: name,
    sizeBytes: [...policy.parameters.values()].reduce((sum, { size }) => sum + size * 4, 0),
    rewriteAll,
    rewrite: async (query, options) => (await rewriteAll([query], options))[0],
    dispose: () => {
      disposePolicy(policy);
      return Promise.resolve();
    },
  };
}

async function answer(
  policy: Policy,
  search: RunSearch,
  queries: readonly string[],
  { limit = 10, ...options }: RewriteOptions,
): Promise<RewriteAnswer[]> {
  if (queries.some((query) => query.trim() === '')) {
    throw new UserError('The query is empty; type what a shopper would.');
  }
  const examples = await Promise.all(queries.map((query) => exampleOf(search, query)));
  const completions = await complete(policy, search, examples, options);
  const parsed = completions.map((completion, i) => parseCompletion(completion, examples[i]));
  const rewrites = parsed.map(({ rewrite }) => rewrite ?? '');
  const hits = await hitsOf(search, examples, rewrites, limit);
  const baselineHits = await hitsOf(search, examples, queries, limit);
  const judged = await judge(search, examples, rewrites);
  return queries.map((query, i) => ({
    query,
    ...parsed[i],
    completion: completions[i],
    hits: hits[i],
    baselineHits: baselineHits[i],
    ...(judged[i] && { judged: judged[i] }),
  }));
}

async function complete(
  policy: Policy,
  { config }: RunSearch,
  examples: readonly Example[],
  { sample, turn = () => Promise.resolve() }: Pick<RewriteOptions, 'sample' | 'turn'>,
): Promise<string[]> {
  const rollout = rolloutSettings(config);
  const settings = { ...rollout, groupSize: 1, temperature: sample === undefined ? 0 : rollout.temperature };
  const groups = await rollOut(policy, examples, settings, { seed: config.seed, step: sample ?? 0 }, turn);
  return groups.map(({ completions }) => completions[0].text);
}

/** What answers find, or how they order candidates: those have no score but their place from the end. */
async function hitsOf(
  { retriever, documents }: RunSearch,
  examples: readonly Example[],
  answers: readonly string[],
  limit: number,
): Promise<ShownHit[][]> {
  const searched = answers.filter((_, i) => !examples[i].candidates);
  const found = searched.length > 0 ? await searchAll(retriever, searched, limit) : [];
  let next = 0;
  return examples.map(({ candidates }, i) => {
    const hits = candidates ? ordered(orderOf(answers[i], candidates), limit) : found[next++];
    return hits.map((hit) => ({ ...hit, title: documents.get(hit.id)?.title ?? '' }));
  });
}

function ordered(order: readonly string[], limit: number): Hit[] {
  return order.slice(0, limit).map((id, place) => ({ id, score: order.length - place }));
}

/** What each rewrite is worth, as an evaluation measures it; nothing for a query that the task does not judge. */
async function judge(
  { config, retriever }: RunSearch,
  examples: readonly Example[],
  rewrites: readonly string[],
): Promise<(JudgedRewrite | undefined)[]> {
  const k = config['evaluation.k'];
  const answers = examples.flatMap((example, i) => {
    if (example.relevant.size === 0) return [];
    return [example.query, rewrites[i]].map((query) => ({ example, query }));
  });
  const rankings = await rankRelevant(answers, retriever, k);
  const values = rankings.map((ranking, i) => {
    if (ranking.kind === 'ranked') return ndcgOf(ranking, answers[i].example, k);
    throw new UserError(`The search for "${answers[i].query}" failed: ${ranking.message}`);
  });
  let next = 0;
  return examples.map(({ relevant }) => {
    if (relevant.size === 0) return undefined;
    const [original, rewrite] = [values[next++], values[next++]];
    return { metric: `ndcg@${k}`, original, rewrite, grades: Object.fromEntries(relevant) };
  });
}
