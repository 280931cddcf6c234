/**
 * @file Two queries for one need and what the run's recommender makes of each: both lists, the judged documents wherever they
 * rank, and what each term adds to each score.
 */
import { UserError } from '../base/errors.ts';
import { type Example, SPLITS, type Task } from '../data/task.ts';
import type { Bm25Index } from '../retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../retrieval/bm25/bm25-retriever.ts';
import { explainRewrite, QueryExplainer } from '../retrieval/bm25/explain.ts';
import type {
  DocumentFields,
  ExplainedList,
  ExplainedRank,
  RankingExplanation,
  ScorePart,
} from '../retrieval/explanation.ts';
import type { FusedHit } from '../retrieval/hybrid.ts';
import type { Hit, Retriever } from '../retrieval/retriever.ts';
import type { RunConfig } from './config.ts';
import { openBm25, openRetriever } from './open-retriever.ts';
import { openTaskOf } from './task-of.ts';
import { readRetrieverSpec } from './retriever-spec.ts';
import { storedConfig } from './stored-config.ts';

export interface ExplainQuestion {
  readonly runDir: string;
  /** What is compared with … */
  readonly original: string;
  /** … and what is looked at. */
  readonly rewrite: string;
  /** Whose judgments and history count; none when left out or unknown. */
  readonly exampleId?: string;
  /** Length of the lists; ten unless given. */
  readonly limit?: number;
}

export interface Explainer {
  readonly explain: (question: Omit<ExplainQuestion, 'runDir'>) => Promise<RankingExplanation>;
  /** What the corpus has of documents, by id; what it lacks is left out. */
  readonly fieldsOf: (ids: readonly string[]) => Readonly<Record<string, DocumentFields>>;
  readonly dispose: () => Promise<void>;
}

/** How deep a recommender that only gives lists is searched for judged documents. */
const DEPTH = 100;

/** Opens the task and the recommender of a run; no model. */
export async function openExplainer(runDir: string): Promise<Explainer> {
  const config = storedConfig(runDir);
  const task = await openTaskOf(config);
  const { rank, dispose } = await openRanker(task, config);
  const documents = new Map(task.documents.map((document) => [document.id, document]));
  const examples = new Map<string, Example>(SPLITS.flatMap((split) => task.examples[split]).map((e) => [e.id, e]));
  const fieldsOf: Explainer['fieldsOf'] = (ids) =>
    Object.fromEntries(
      ids.flatMap((id): [string, DocumentFields][] => {
        const document = documents.get(id);
        if (!document) return [];
        const { title, text, category } = document;
        return [[id, { title, text, ...(category !== undefined && { category }) }]];
      }),
    );
  return {
    fieldsOf,
    explain: async ({ original, rewrite, exampleId = '', limit = 10 }) => {
      const example = examples.get(exampleId);
      const judged = [...(example?.relevant.keys() ?? [])];
      const leftOut = new Set(example?.history);
      const ranked = await rank({ original, rewrite, judged, leftOut, limit });
      const fields = fieldsOf(ranked.after.documents.map(({ id }) => id));
      const isReachable = (id: string): boolean => documents.has(id) && !leftOut.has(id);
      return { ...ranked, fields, unreachable: judged.filter((id) => !isReachable(id)) };
    },
    dispose: () => dispose?.() ?? Promise.resolve(),
  };
}

interface RankQuestion {
  readonly original: string;
  readonly rewrite: string;
  readonly judged: readonly string[];
  readonly leftOut: ReadonlySet<string>;
  readonly limit: number;
}

type Ranked = Omit<RankingExplanation, 'fields' | 'unreachable'>;

interface Ranker {
  readonly rank: (question: RankQuestion) => Promise<Ranked>;
  readonly dispose?: (() => Promise<void>) | undefined;
}

async function openRanker(task: Task, config: RunConfig): Promise<Ranker> {
  if ((await readRetrieverSpec(config.retriever)).kind === 'bm25') {
    const index = await openBm25(task, config);
    const { name } = bm25Retriever(index, { syntax: config['bm25.syntax'] });
    return { rank: (question) => Promise.resolve(rankByTerms(name, index, config, question)) };
  }
  const retriever = await openRetriever(task, config);
  return {
    rank: (question) => rankByLists(retriever, question),
    dispose: () => retriever.dispose?.() ?? Promise.resolve(),
  };
}

/** BM25 knows the rank of every document, and each term's part. */
function rankByTerms(
  retriever: string,
  index: Bm25Index,
  config: RunConfig,
  { original, rewrite, judged, leftOut, limit }: RankQuestion,
): Ranked {
  const syntax = config['bm25.syntax'];
  const sides = [original, rewrite].map((query) => {
    const explainer = new QueryExplainer(index, query, syntax);
    const ids = [...explainer.ranks().keys()].filter((id) => !leftOut.has(id));
    return { query, explainer, ranks: new Map(ids.map((id, i) => [id, i + 1])), top: ids.slice(0, limit) };
  });
  const asked = [...new Set([...sides.flatMap(({ top }) => top), ...judged])];
  const [before, after] = sides.map(({ query, explainer, ranks }): ExplainedList => {
    const documents = asked.flatMap((id): ExplainedRank[] => {
      const explained = explainer.explain(id);
      if (!explained) return [];
      const { score, terms, excludedBy } = explained;
      const parts = terms.map(({ term, ...part }): ScorePart => ({
        name: term,
        score: part.score,
        frequency: part.frequency,
        documentFrequency: part.documentFrequency,
      }));
      return [{ id, rank: ranks.get(id) ?? null, score, parts, ...(excludedBy && { excludedBy: excludedBy.clause }) }];
    });
    return { query, documents: byRank(documents) };
  });
  const { terms } = explainRewrite(index, original, rewrite, [], syntax);
  return { retriever, before, after, terms };
}

/** Others give lists; a mixture says what each of its recommenders adds. */
async function rankByLists(
  retriever: Retriever,
  { original, rewrite, judged, leftOut, limit }: RankQuestion,
): Promise<Ranked> {
  const queries = [original, rewrite];
  const outcomes = await retriever.search(queries, Math.max(limit, DEPTH) + leftOut.size);
  const sides = outcomes.map((outcome, i) => {
    if (outcome.kind === 'failed') throw new UserError(`The search for "${queries[i]}" failed: ${outcome.message}`);
    const hits = outcome.hits.filter(({ id }) => !leftOut.has(id));
    return {
      query: queries[i],
      note: outcome.note,
      hits: new Map(hits.map((hit, at) => [hit.id, { hit, rank: at + 1 }])),
    };
  });
  const asked = new Set(judged);
  for (const { hits } of sides) for (const id of [...hits.keys()].slice(0, limit)) asked.add(id);
  const [before, after] = sides.map(({ query, note, hits }): ExplainedList => {
    const documents = Array.from(asked, (id): ExplainedRank => {
      const found = hits.get(id);
      if (!found) return { id, rank: null, score: 0, parts: [] };
      return { id, rank: found.rank, score: found.hit.score, parts: partsOf(found.hit, retriever) };
    });
    return { query, documents: byRank(documents), ...(note !== undefined && { note }) };
  });
  return { retriever: retriever.name, before, after, terms: [] };
}

function partsOf(hit: Hit, retriever: Retriever): readonly ScorePart[] {
  if (!('parts' in hit) || !('parts' in retriever)) return [];
  const names = (retriever.parts as readonly Retriever[]).map(({ name }) => name);
  const parts = (hit as FusedHit).parts.flatMap((part, i) =>
    part ? [{ name: names[i], score: part.contribution }] : [],
  );
  return parts.sort((a, b) => b.score - a.score);
}

function byRank(documents: readonly ExplainedRank[]): readonly ExplainedRank[] {
  return documents.toSorted((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || 0);
}
