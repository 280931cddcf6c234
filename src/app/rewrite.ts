/** @file Asking a checkpoint for rewrites of single queries, with what the recommender makes of them. */
import { orderOf, parseCompletion } from '../data/answer.ts';
import { candidateText } from '../data/candidates.ts';
import { customPrompt } from '../data/prompt-template.ts';
import { type Candidate, type Document, type Example, SPLITS, type Task } from '../data/task.ts';
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
  const documents = new Map(task.documents.map((document) => [document.id, document]));
  const policy = await openCheckpoint(dir, config);
  return {
    checkpoint: name,
    rewrite: async (query, { limit = 10, sample } = {}) => {
      if (query.trim() === '') throw new UserError('The query is empty; type what a shopper would.');
      const example = await exampleOf(task, retriever, query, documents);
      const completion = await complete(policy, config, example, sample);
      const { rewrite, format } = parseCompletion(completion, example);
      const [hits, baselineHits] = await Promise.all(
        [rewrite ?? '', query].map((text) => hitsOf(text, example, retriever, limit)),
      );
      const shown = (found: readonly Hit[]): ShownHit[] =>
        found.map((hit) => ({ ...hit, title: documents.get(hit.id)?.title ?? '' }));
      return { query, rewrite, format, completion, hits: shown(hits), baselineHits: shown(baselineHits) };
    },
    dispose: async () => {
      disposePolicy(policy);
      await retriever.dispose?.();
    },
  };
}

/** How many candidates are put in order for a query that the task does not have, as in the paper. */
const CANDIDATES = 16;

/** A query of nobody's, as an example of the task's kind. */
async function exampleOf(
  { kind, dir, examples }: Task,
  retriever: Retriever,
  query: string,
  documents: ReadonlyMap<string, Document>,
): Promise<Example> {
  const example = { id: query, query, relevant: new Map<string, number>() };
  const template = SPLITS.flatMap((split) => examples[split]).find(({ custom }) => custom)?.custom?.template;
  const custom = template && { custom: customPrompt(template, { text: query }, `${dir} and a query alone`) };
  switch (kind) {
    case 'search':
      return { ...example, ...custom };
    case 'sequence':
      return { ...example, ...custom, history: [] };
    case 'rerank': {
      const hits = await searchOne(retriever, query, CANDIDATES);
      const candidates = hits.flatMap(({ id }): Candidate[] => {
        const document = documents.get(id);
        return document ? [{ id, text: candidateText(document) }] : [];
      });
      return { ...example, candidates };
    }
    default:
      return kind satisfies never;
  }
}

async function complete(
  policy: Policy,
  config: RunConfig,
  example: Example,
  sample: number | undefined,
): Promise<string> {
  const rollout = rolloutSettings(config);
  const settings = { ...rollout, groupSize: 1, temperature: sample === undefined ? 0 : rollout.temperature };
  const [group] = await rollOut(policy, [example], settings, { seed: config.seed, step: sample ?? 0 }, () =>
    Promise.resolve(),
  );
  return group.completions[0].text;
}

/** What an answer finds, or how it orders the candidates: those have no score but their place from the end. */
async function hitsOf(
  answer: string,
  { candidates }: Example,
  retriever: Retriever,
  limit: number,
): Promise<readonly Hit[]> {
  if (!candidates) return searchOne(retriever, answer, limit);
  const order = orderOf(answer, candidates);
  return order.slice(0, limit).map((id, place) => ({ id, score: order.length - place }));
}

async function searchOne(retriever: Retriever, text: string, limit: number): Promise<readonly Hit[]> {
  const [outcome] = await retriever.search([text], limit);
  if (outcome.kind === 'failed') throw new UserError(`The search for "${text}" failed: ${outcome.message}`);
  return outcome.hits;
}
