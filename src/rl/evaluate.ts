/**
 * @file Evaluation: what each arm's answers find, query by query, beside what the raw query finds.
 *
 * The strict parser of training judges here too: a malformed answer finds nothing and counts 0, and their share is
 * reported beside the means. Relevant documents that the corpus lacks count in the ideal ranking, as in trec_eval, so the
 * best that any ranking can reach may be below 1: `ceiling`. `unjudged` is the share of the shown documents that nobody has
 * judged: where it is high, a better metric may be luck.
 */
import { UserError } from '../base/errors.ts';
import type { Example } from '../data/task.ts';
import type { Policy } from '../model/policy.ts';
import { EMPTY_RANKING, rankingOf } from '../retrieval/judged.ts';
import { measureRanking, measureRanks } from '../retrieval/metrics.ts';
import type { JudgedRanking, Retriever } from '../retrieval/retriever.ts';
import type { EvaluationRow } from '../runs/events.ts';
import { type Answer, type Arm, type ArmAnswer, policyArm, rawQueryArm } from './arms.ts';
import { rankRelevant } from './reward.ts';
import type { RolloutSettings } from './rollout.ts';

/** What all arms of one evaluation share. */
export interface EvaluationFrame {
  readonly retriever: Retriever;
  /** Cut-off of NDCG and recall. */
  readonly k: number;
  /** Sampled answers for each example beside the best one; 0 for none. */
  readonly samples: number;
  readonly turn: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

type Metrics = Readonly<Record<string, number>>;

/** How the raw query of each example fares: what every evaluation of a run is compared with. */
export interface Baseline {
  readonly metrics: Metrics;
  readonly top: readonly string[];
}

/** What the best answers cost, sums over all examples; sampled answers come on top. */
export interface EvaluationCost {
  readonly readTokens: number;
  readonly writtenTokens: number;
  readonly answerSeconds: number;
  readonly searchSeconds: number;
}

export interface ArmEvaluation {
  /** One for each example, in order. */
  readonly rows: readonly EvaluationRow[];
  readonly cost: EvaluationCost;
}

/** Queries that are answered together. */
export const EVALUATION_BATCH = 64;

/** @throws UserError when a search fails: an evaluation with holes would not be comparable. */
export async function evaluateBaseline(
  examples: readonly Example[],
  retriever: Retriever,
  k: number,
): Promise<Baseline[]> {
  const answers = await rawQueryArm().answer(examples, { k, turn: () => Promise.resolve() });
  return measured(examples, answers, retriever, k);
}

/**
 * Lets an arm answer every example and measures what the answers find.
 *
 * With samples, a row also has `NAME mean@n`, `NAME best@n` and `NAME worst@n` for every metric NAME of the ranking.
 *
 * @throws UserError when an answer or a search fails: an evaluation with holes would not be comparable.
 */
export async function evaluateArm(
  arm: Arm,
  examples: readonly Example[],
  baselines: readonly Baseline[],
  frame: EvaluationFrame,
): Promise<ArmEvaluation> {
  const { k, now, turn } = frame;
  const retriever = arm.retriever ?? frame.retriever;
  const rows: EvaluationRow[] = [];
  const cost = { readTokens: 0, writtenTokens: 0, answerSeconds: 0, searchSeconds: 0 };
  for (let start = 0; start < examples.length; start += EVALUATION_BATCH) {
    const batch = examples.slice(start, start + EVALUATION_BATCH);
    const began = now();
    const answers = await arm.answer(batch, { k, turn });
    const answered = now();
    const found = await measured(batch, answers, retriever, k);
    cost.answerSeconds += (answered - began) / 1000;
    cost.searchSeconds += (now() - answered) / 1000;
    for (const { readTokens = 0, writtenTokens = 0 } of answers) {
      cost.readTokens += readTokens;
      cost.writtenTokens += writtenTokens;
    }
    const sampled = await sampledMetrics(arm, batch, retriever, frame);
    for (const [i, { id, query }] of batch.entries()) {
      const baseline = baselines[start + i];
      rows.push({
        exampleId: id,
        query,
        ...shown(answers[i]),
        metrics: { ...found[i].metrics, ...sampled[i], ...cutOf(answers[i]) },
        baseline: baseline.metrics,
        top: found[i].top,
        baselineTop: baseline.top,
      });
    }
  }
  return { rows, cost };
}

/** {@link evaluateArm} of a policy that is training. */
export async function evaluatePolicy(
  policy: Policy,
  examples: readonly Example[],
  baselines: readonly Baseline[],
  frame: EvaluationFrame,
  sampling: { readonly rollout: Omit<RolloutSettings, 'groupSize'>; readonly seed: number },
): Promise<readonly EvaluationRow[]> {
  const arm = policyArm('policy', policy, sampling.rollout, sampling.seed);
  return (await evaluateArm(arm, examples, baselines, frame)).rows;
}

/** Means over the rows of every metric, the share of cut prompts among them, and that of well-formed answers as `format`. */
export function evaluationMeans(rows: readonly EvaluationRow[]): { metrics: Metrics; baseline: Metrics } {
  const formatOk = rows.filter((row) => row.format === 'ok').length / Math.max(1, rows.length);
  return {
    metrics: { ...means(rows.map((row) => row.metrics)), format: formatOk },
    baseline: means(rows.map((row) => row.baseline)),
  };
}

function cutOf({ promptCut }: ArmAnswer): Metrics {
  return promptCut === undefined ? {} : { promptCut: Number(promptCut) };
}

function shown(answer: Answer): Pick<EvaluationRow, 'rewrite' | 'format'> {
  switch (answer.kind) {
    case 'rewrite':
      return { rewrite: answer.rewrite, format: 'ok' };
    case 'ranking':
      return { rewrite: null, format: 'ok' };
    case 'malformed':
      return { rewrite: null, format: answer.format };
  }
}

async function sampledMetrics(
  arm: Arm,
  examples: readonly Example[],
  retriever: Retriever,
  { samples, k, turn }: EvaluationFrame,
): Promise<readonly Metrics[]> {
  if (samples === 0 || !arm.sample) return examples.map(() => ({}));
  const answers = await arm.sample(examples, samples, { k, turn });
  const copies = examples.flatMap((example) => Array<Example>(samples).fill(example));
  const found = await measured(copies, answers.flat(), retriever, k);
  return examples.map((_, i) => ofSamples(found.slice(i * samples, (i + 1) * samples).map(({ metrics }) => metrics)));
}

function ofSamples(samples: readonly Metrics[]): Metrics {
  const names = Object.keys(samples[0]).filter((name) => !name.startsWith('ceiling'));
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = samples.map((metrics) => metrics[name]);
      return [
        [`${name} mean@${samples.length}`, values.reduce((a, b) => a + b, 0) / samples.length],
        [`${name} best@${samples.length}`, Math.max(...values)],
        [`${name} worst@${samples.length}`, Math.min(...values)],
      ];
    }),
  );
}

async function measured(
  examples: readonly Example[],
  answers: readonly ArmAnswer[],
  retriever: Retriever,
  k: number,
): Promise<Baseline[]> {
  const searched = answers.flatMap((answer, i) =>
    answer.kind === 'rewrite' ? [{ example: askingForAll(examples[i]), query: answer.rewrite }] : [],
  );
  const outcomes = await rankRelevant(searched, retriever, k);
  let next = 0;
  return answers.map((answer, i) => {
    const example = examples[i];
    if (answer.kind === 'malformed') return measure(EMPTY_RANKING, example, k);
    if (answer.kind === 'ranking') return measure(ownRanking(answer.ids, example, k), example, k);
    const outcome = outcomes[next++];
    if (outcome.kind === 'ranked') return measure(outcome, example, k);
    throw new UserError(`The search for example ${example.id} failed: ${outcome.message}`);
  });
}

/** The example as if whatever was judged were relevant: so the ranks of all of that are found. */
function askingForAll(example: Example): Example {
  return { ...example, relevant: new Map(judgedIds(example).map((id) => [id, 1])) };
}

function judgedIds({ relevant, absent, irrelevant }: Example): string[] {
  return [...relevant.keys(), ...(absent?.keys() ?? []), ...(irrelevant ?? [])];
}

function ownRanking(ids: readonly string[], example: Example, k: number): JudgedRanking {
  return rankingOf(ids.filter(mayRank(example)).slice(0, k), new Set(judgedIds(example)));
}

/** Whether a ranking may hold a document: none that the shopper owns, and in re-ranking only candidates. */
function mayRank({ history, ranksOwned, candidates }: Example): (id: string) => boolean {
  const owned = new Set(ranksOwned ? [] : history);
  const pool = candidates && new Set(candidates.map(({ id }) => id));
  return (id) => !owned.has(id) && (!pool || pool.has(id));
}

function measure(ranking: JudgedRanking, example: Example, k: number): Baseline {
  const grades = new Map([...example.relevant, ...(example.absent ?? [])]);
  return {
    metrics: {
      [`ndcg@${k}`]: measureRanks(ranking, { grades }, { name: 'ndcg', cutoff: k }),
      [`recall@${k}`]: measureRanks(ranking, { grades }, { name: 'recall', cutoff: k }),
      [`unjudged@${k}`]: unjudgedShare(ranking, k),
      [`ceiling@${k}`]: ceiling(example, grades, k),
    },
    top: ranking.top,
  };
}

/** Of the first `k` documents; 0 where there is none. */
function unjudgedShare({ ranks, length }: JudgedRanking, k: number): number {
  const documents = Math.min(k, length);
  const judged = [...ranks.values()].filter((rank) => rank <= k).length;
  return documents === 0 ? 0 : (documents - judged) / documents;
}

/** NDCG of the ideal order of what a ranking may hold of the relevant documents of the corpus. */
function ceiling(example: Example, grades: ReadonlyMap<string, number>, k: number): number {
  const byGrade = [...example.relevant].sort(([, a], [, b]) => b - a);
  const ideal = byGrade.map(([id]) => id).filter(mayRank(example));
  return measureRanking(ideal, { grades }, { name: 'ndcg', cutoff: k });
}

function means(rows: readonly Metrics[]): Metrics {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0) / rows.length]));
}
