/**
 * @file Scores answers that some model wrote earlier: the reward of training and the metrics of evaluation, without a model.
 */
import { idField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { ANSWER_PREFIX, completionOf } from '../data/answer.ts';
import type { StoredAnswer, TrainedAnswer } from '../data/rollouts.ts';
import { Tally } from '../data/tally.ts';
import type { Example, Split, Task } from '../data/task.ts';
import { type Gain, type Judgments, measureRanks } from '../retrieval/metrics.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { type RewardShape, type RewriteToScore, type ScoredRewrite, scoreRewrites } from '../rl/reward.ts';
import { answerMatcher } from './match-answers.ts';
import { type DuplicateRule, type NamedMetrics, meanMetrics } from './measure.ts';

export interface ScoredRow {
  readonly _id: string;
  readonly rewrite: string | null;
  /** `ok` or what is wrong with the answer. */
  readonly format: string;
  /** Null when the search failed; `error` says why, and there are no metrics. */
  readonly reward: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  /** The value of the column that rows are grouped by. */
  readonly group?: string;
  readonly error?: string;
  /** What the recommender said of the search. */
  readonly note?: string;
  readonly trained?: TrainedAnswer;
}

/** Means over rows; a wrong format counts 0 in them, a failed search not at all. */
export interface ScoredGroup {
  readonly name: string;
  readonly answers: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Scoring {
  /** Means over all rows. */
  readonly metrics: Readonly<Record<string, number>>;
  /** By the column that rows are grouped by, in the order of its values in the file. */
  readonly groups: readonly ScoredGroup[];
  readonly rows: readonly ScoredRow[];
  /** Answers that belong to no example of the task. */
  readonly skipped: number;
  /** Why they were skipped, with counts; empty when none was. */
  readonly skippedBecause: string;
}

export interface ScoreOptions {
  readonly shape: RewardShape;
  readonly metrics: NamedMetrics;
  readonly gain?: Gain;
  /** Whether a target that an answer lists twice counts twice in the ideal ranking. */
  readonly duplicates?: DuplicateRule;
  /** Only examples of this split. */
  readonly split?: Split;
  /** The answers are the rewrites themselves, without tags and JSON. */
  readonly bare?: boolean;
  /** Means are also taken for each value of this column, such as `step` or `system`. */
  readonly by?: string;
}

/** How many answers are searched for at once. */
const BATCH = 512;

interface AnswerToScore extends RewriteToScore {
  readonly judgments: Judgments;
  readonly group?: string;
  readonly trained?: TrainedAnswer;
}

/**
 * Scores answers, which `source` names in messages.
 *
 * @throws UserError when no row belongs to the task, or when a metric looks further than the reward's ranking goes.
 */
export async function scoreOutputs(
  task: Task,
  answers: AsyncIterable<StoredAnswer>,
  source: string,
  retriever: Retriever,
  options: ScoreOptions,
): Promise<Scoring> {
  const { shape, metrics } = options;
  const tooDeep = metrics.find(({ metric }) => (metric.cutoff ?? 0) > shape.k);
  if (tooDeep)
    throw new UserError(
      `${tooDeep.name} needs more than the ${shape.k} ranks of reward.k; raise it with --set reward.k=N.`,
    );
  const skipped = new Tally();
  const rows: ScoredRow[] = [];
  const score = async (batch: readonly AnswerToScore[]): Promise<void> => {
    const scored = await scoreRewrites(batch, retriever, shape);
    rows.push(...scored.map((result, i) => rowOf(batch[i], result, options)));
  };
  let batch: AnswerToScore[] = [];
  for await (const answer of answersToScore(task, answers, options, skipped)) {
    if (batch.push(answer) < BATCH) continue;
    await score(batch);
    batch = [];
  }
  await score(batch);
  if (rows.length === 0) {
    throw new UserError(
      `No row of ${source} has the _id of an example of ${task.dir} (${skipped.list() || 'no rows'}).`,
    );
  }
  return {
    metrics: meansOf(rows),
    groups: groupsOf(rows),
    rows,
    skipped: skipped.total,
    skippedBecause: skipped.list(),
  };
}

async function* answersToScore(
  task: Task,
  answers: AsyncIterable<StoredAnswer>,
  options: ScoreOptions,
  skipped: Tally,
): AsyncGenerator<AnswerToScore> {
  const match = answerMatcher(task, options.split);
  for await (const answer of answers) {
    const found = match(answer);
    if (found.kind === 'none') {
      skipped.add(found.reason);
      continue;
    }
    const { example } = found;
    yield {
      example,
      completion: completionIn(answer, example, options.bare),
      judgments: judgmentsOf(example.relevant, answer, options.duplicates),
      ...(options.by !== undefined && { group: idField(answer.row.value, options.by, answer.row.where) }),
      ...(answer.trained && { trained: answer.trained }),
    };
  }
}

/** By the paper's rule the ideal ranking has a place for each target that is listed, also when it is listed again. */
function judgmentsOf(grades: Judgments['grades'], { targets }: StoredAnswer, duplicates?: DuplicateRule): Judgments {
  if (duplicates !== 'paper' || targets === undefined) return { grades };
  return { grades, idealGrades: targets.map((id) => grades.get(id) ?? 1) };
}

/** Stored answers often repeat the beginning that the prompt gave. */
function completionIn({ text, isBare }: StoredAnswer, example: Example, bare = false): string {
  if (bare || isBare || typeof text !== 'string') return completionOf('', text, example);
  const trimmed = text.trimStart();
  return trimmed.startsWith(ANSWER_PREFIX) ? trimmed.slice(ANSWER_PREFIX.length) : text;
}

function rowOf(answer: AnswerToScore, result: ScoredRewrite, { metrics, gain }: ScoreOptions): ScoredRow {
  const { parsed, reward, ranking, error, note } = result;
  const values = metrics.map(
    ({ name, metric }) => [name, measureRanks(ranking, answer.judgments, metric, gain)] as const,
  );
  return {
    _id: answer.example.id,
    rewrite: parsed.rewrite,
    format: parsed.format,
    reward,
    metrics: error === undefined ? Object.fromEntries(values) : {},
    ...(answer.group !== undefined && { group: answer.group }),
    ...(error !== undefined && { error }),
    ...(note !== undefined && { note }),
    ...(answer.trained && { trained: answer.trained }),
  };
}

function groupsOf(rows: readonly ScoredRow[]): ScoredGroup[] {
  const groups = Map.groupBy(
    rows.filter(({ group }) => group !== undefined),
    ({ group = '' }) => group,
  );
  return Array.from(groups, ([name, found]) => ({ name, answers: found.length, metrics: meansOf(found) }));
}

function meansOf(rows: readonly ScoredRow[]): Record<string, number> {
  return meanMetrics(rows.filter(({ reward }) => reward !== null));
}
