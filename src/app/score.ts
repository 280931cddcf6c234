/**
 * @file Scores answers that some model wrote earlier: the reward of training and the metrics of evaluation, without a model.
 */
import { idField, idListField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { ANSWER_PREFIX, completionOf } from '../data/prompt.ts';
import { userOf } from '../data/histories.ts';
import { type Example, SPLITS, type Split, type Task } from '../data/task.ts';
import { measureRanks } from '../retrieval/metrics.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { type RewardShape, type RewriteToScore, type ScoredRewrite, scoreRewrites } from '../rl/reward.ts';
import { type NamedMetrics, meanMetrics } from './measure.ts';

export interface ScoredRow {
  readonly _id: string;
  readonly rewrite: string | null;
  /** `ok` or what is wrong with the answer. */
  readonly format: string;
  /** Null when the search failed; `error` says why. */
  readonly reward: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly error?: string;
}

export interface Scoring {
  /** Means over all rows; a wrong format counts 0 in them. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: readonly ScoredRow[];
  /** Answers to examples that the task does not have. */
  readonly skipped: number;
}

export interface ScoreOptions {
  readonly shape: RewardShape;
  readonly metrics: NamedMetrics;
  /** Only examples of this split. */
  readonly split?: Split;
  /** The answers are the rewrites themselves, without tags and JSON. */
  readonly bare?: boolean;
}

/**
 * Scores rows of `_id` (or `user_id`, `history` and `target`) and `generated_text`.
 *
 * @throws UserError when no row belongs to the task, or when a metric looks further than the reward's ranking goes.
 */
export async function scoreOutputs(
  task: Task,
  outputsFile: string,
  retriever: Retriever,
  { shape, metrics, split, bare = false }: ScoreOptions,
): Promise<Scoring> {
  const tooDeep = metrics.find(({ metric }) => (metric.cutoff ?? 0) > shape.k);
  if (tooDeep)
    throw new UserError(
      `${tooDeep.name} needs more than the ${shape.k} ranks of reward.k; raise it with --set reward.k=N.`,
    );
  const { items, skipped } = await readOutputs(outputsFile, exampleFinder(task, split), bare);
  if (items.length === 0) throw new UserError(`No row of ${outputsFile} has the _id of an example of ${task.dir}.`);
  const scored = await scoreRewrites(items, retriever, shape);
  const rows = scored.map((result, i) => rowOf(items[i].example, result, metrics));
  return { metrics: meanMetrics(rows.filter(({ reward }) => reward !== null)), rows, skipped };
}

type Row = Readonly<Record<string, unknown>>;
type Finder = (row: Row, where: string) => Example | undefined;

/**
 * Finds the example that an answer belongs to: by its id, or by user, history and target, for published answers number their
 * rows in ways of their own and a user may occur more than once.
 */
function exampleFinder({ examples }: Task, split?: Split): Finder {
  const wanted = (split ? [split] : SPLITS).flatMap((name) => examples[name]);
  const byId = new Map(wanted.map((example) => [example.id, example]));
  const byPurchase = new Map(
    wanted.flatMap((example) =>
      Array.from(example.relevant.keys(), (target) => [
        purchaseKey(userOf(example.id), example.history, target),
        example,
      ]),
    ),
  );
  return (row, where) => {
    const example = byId.get(idField(row, '_id', where));
    if (example || !('user_id' in row && 'history' in row && 'target' in row)) return example;
    const history = idListField(row, 'history', where);
    return byPurchase.get(purchaseKey(idField(row, 'user_id', where), history, idField(row, 'target', where)));
  };
}

function purchaseKey(user: string, history: readonly string[] = [], target: string): string {
  return JSON.stringify([user, history, target]);
}

async function readOutputs(
  file: string,
  find: Finder,
  bare: boolean,
): Promise<{ items: RewriteToScore[]; skipped: number }> {
  const items: RewriteToScore[] = [];
  let skipped = 0;
  for await (const { value: row, where } of readJsonLines(file)) {
    const example = find(row, where);
    const text = stringField(row, 'generated_text', where);
    if (example) items.push({ example, completion: bare ? completionOf('', text) : withoutPrefix(text) });
    else skipped++;
  }
  return { items, skipped };
}

/** Stored answers often repeat the beginning that the prompt gave. */
function withoutPrefix(text: string): string {
  const trimmed = text.trimStart();
  return trimmed.startsWith(ANSWER_PREFIX) ? trimmed.slice(ANSWER_PREFIX.length) : text;
}

function rowOf({ id, relevant }: Example, result: ScoredRewrite, metrics: NamedMetrics): ScoredRow {
  const { parsed, reward, ranking, error } = result;
  const values = metrics.map(
    ({ name, metric }) => [name, measureRanks(ranking, { grades: relevant }, metric)] as const,
  );
  return {
    _id: id,
    rewrite: parsed.rewrite,
    format: parsed.format,
    reward,
    metrics: Object.fromEntries(values),
    ...(error !== undefined && { error }),
  };
}
