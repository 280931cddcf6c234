/**
 * @file What a pre-flight looks at without a model: whether the recommender knows the judged documents, and whether the
 * reward tells a good answer from the query as typed. Each check says what it found, and whether that is a problem.
 */
import { candidateName, completionOf } from '../data/answer.ts';
import type { Example, Task } from '../data/task.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { evaluateBaseline } from '../rl/evaluate.ts';
import { type RewardShape, scoreRewrites, type ScoredRewrite } from '../rl/reward.ts';

export interface Finding {
  readonly check: 'memory' | 'index' | 'reward' | 'step' | 'time';
  /** One sentence or two for people. */
  readonly message: string;
  /** What should be mended before a training, a sentence each. */
  readonly problems: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** Queries and documents that a check tries at most: enough to see what is wrong with all. */
const TRIED = { queries: 200, titles: 20, rewards: 16 };
/** How deep a document is looked for under its own title. */
const TITLE_DEPTH = 100;
/** Below these, something is wrong rather than hard. */
const LEAST = { ceiling: 0.9, titles: 0.5 };

/** @throws UserError when a search fails. */
export async function checkIndex(
  task: Task,
  examples: readonly Example[],
  retriever: Retriever,
  k: number,
): Promise<Finding> {
  const { judged, missing } = judgedOf(task, examples);
  const baseline = await evaluateBaseline(examples.slice(0, TRIED.queries), retriever, k);
  const mean = (metric: string): number =>
    baseline.reduce((sum, { metrics }) => sum + metrics[metric], 0) / baseline.length;
  const [ndcg, ceiling] = [mean(`ndcg@${k}`), mean(`ceiling@${k}`)];
  const byTitle = task.kind === 'rerank' ? undefined : await foundByTitle(task, examples, retriever);
  const problems = [
    ...(ceiling < LEAST.ceiling
      ? [
          `No ranking can have more than NDCG@${k} ${ceiling.toFixed(3)}: judged documents such as "${missing[0]}" are not in the corpus.`,
        ]
      : []),
    ...(byTitle !== undefined && byTitle < LEAST.titles
      ? [
          `Of documents that are searched for by their own titles, only ${percent(byTitle)} come back: do the recommender's ids and those of the judgments agree?`,
        ]
      : []),
    ...(ndcg === 0 ? ['No query as typed finds anything relevant.'] : []),
  ];
  return {
    check: 'index',
    message: `${retriever.name}: ${judged} judged documents, ${missing.length} of them not in the corpus. The queries as typed have NDCG@${k} ${ndcg.toFixed(3)}; no ranking can have more than ${ceiling.toFixed(3)}.${byTitle === undefined ? '' : ` ${percent(byTitle)} of documents are found by their titles.`}`,
    problems,
    details: { judged, missing: missing.length, firstMissing: missing.at(0), ndcg, ceiling, foundByTitle: byTitle },
  };
}

function judgedOf({ documents }: Task, examples: readonly Example[]): { judged: number; missing: string[] } {
  const corpus = new Set(documents.map(({ id }) => id));
  const judged = new Set(
    examples.flatMap(({ relevant, absent }) => [...relevant.keys(), ...(absent ?? new Map<string, number>()).keys()]),
  );
  return { judged: judged.size, missing: [...judged].filter((id) => !corpus.has(id)) };
}

/** Share of some relevant documents that a search for their title finds. */
async function foundByTitle(
  { documents }: Task,
  examples: readonly Example[],
  retriever: Retriever,
): Promise<number | undefined> {
  const relevant = new Set(examples.flatMap((example) => [...example.relevant.keys()]));
  const tried = documents.filter(({ id, title }) => title !== '' && relevant.has(id)).slice(0, TRIED.titles);
  if (tried.length === 0) return undefined;
  const outcomes = await retriever.search(
    tried.map(({ title }) => title),
    TITLE_DEPTH,
  );
  const found = outcomes.filter(
    (outcome, i) => outcome.kind === 'hits' && outcome.hits.some(({ id }) => id === tried[i].id),
  );
  return found.length / tried.length;
}

/**
 * Rewards of two answers to some queries: the query as typed, and one that should do well (the title of a relevant document;
 * in re-ranking the relevant candidates first).
 */
export async function checkReward(
  task: Task,
  examples: readonly Example[],
  retriever: Retriever,
  shape: RewardShape,
  now: () => number,
): Promise<Finding> {
  const tried = examples.slice(0, TRIED.rewards);
  const titles = new Map(task.documents.map(({ id, title }) => [id, title]));
  const typed = tried.map((example) => ({ example, completion: completionOf('', asTyped(example), example) }));
  const good = tried.map((example) => ({
    example,
    completion: completionOf('', goodAnswer(example, titles), example),
  }));
  const started = now();
  const scored = await scoreRewrites([...typed, ...good], retriever, shape);
  const millis = (now() - started) / scored.length;
  const [typedMean, goodMean] = [scored.slice(0, tried.length), scored.slice(tried.length)].map(meanReward);
  return {
    check: 'reward',
    message: `On ${tried.length} queries: ${typedMean.toFixed(3)} for the query as typed, ${goodMean.toFixed(3)} for ${task.kind === 'rerank' ? 'the relevant first' : 'a relevant title'}; ${millis.toFixed(1)} ms an answer.`,
    problems: rewardProblems(scored, typedMean, goodMean),
    details: {
      answers: scored.length,
      typed: typedMean,
      good: goodMean,
      millisPerAnswer: millis,
      failed: scored.filter(({ reward }) => reward === null).length,
    },
  };
}

function asTyped({ query, candidates }: Example): string {
  return candidates ? candidates.map((_, place) => candidateName(place)).join(', ') : query;
}

function goodAnswer({ relevant, candidates, query }: Example, titles: ReadonlyMap<string, string>): string {
  if (candidates) {
    const grade = (place: number): number => relevant.get(candidates[place].id) ?? 0;
    const places = [...candidates.keys()].sort((a, b) => grade(b) - grade(a) || a - b);
    return places.map(candidateName).join(', ');
  }
  return [...relevant.keys()].map((id) => titles.get(id) ?? '').find((title) => title !== '') ?? query;
}

function meanReward(scored: readonly ScoredRewrite[]): number {
  const rewards = scored.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  return rewards.length === 0 ? NaN : rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
}

function rewardProblems(scored: readonly ScoredRewrite[], typed: number, good: number): string[] {
  const failed = scored.filter(({ reward }) => reward === null);
  if (failed.length > 0) {
    return [
      `${failed.length} of ${scored.length} answers have no reward, the first with: ${failed[0].error ?? 'no reason'}`,
    ];
  }
  if (scored.every(({ reward }) => reward === scored[0].reward)) {
    return [`Every answer has the same reward, ${scored[0].reward}: nothing could be learnt from it.`];
  }
  return good > typed ? [] : ['An answer that should do well is not paid more than the query as typed.'];
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
