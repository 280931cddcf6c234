/**
 * @file Evaluation: greedy rewrites of a split against what the raw query gets, query by query.
 *
 * The strict parser of training judges here too: a malformed answer finds nothing and counts 0, and their share is
 * reported beside the means.
 */
import { parseCompletion } from '../data/answer.ts';
import type { Example } from '../data/task.ts';
import type { Policy } from '../model/policy.ts';
import { measureRanks } from '../retrieval/metrics.ts';
import type { RankOutcome, Retriever } from '../retrieval/retriever.ts';
import { UserError } from '../base/errors.ts';
import type { EvaluationRow } from '../runs/events.ts';
import { ndcgOf, rankRelevant } from './reward.ts';
import { rollOut, type RolloutSettings } from './rollout.ts';

export interface EvaluationSettings {
  /** Without what greedy decoding does not need. */
  readonly rollout: Omit<RolloutSettings, 'groupSize' | 'temperature'>;
  /** Cut-off of NDCG and recall. */
  readonly k: number;
}

/** Queries that decode together. */
const BATCH = 64;

type Metrics = Readonly<Record<string, number>>;

/** How the raw query of each example fares: what every evaluation of a run is compared with. */
export interface Baseline {
  readonly metrics: Metrics;
  readonly top: readonly string[];
}

/** @throws UserError when a search fails: an evaluation with holes would not be comparable. */
export async function evaluateBaseline(
  examples: readonly Example[],
  retriever: Retriever,
  k: number,
): Promise<Baseline[]> {
  const rankings = await rankRelevant(
    examples.map((example) => ({ example, query: example.query })),
    retriever,
    k,
  );
  return rankings.map((ranking, i) => measured(ranking, examples[i], k));
}

/** One row for each example, in order. */
export async function evaluatePolicy(
  policy: Policy,
  examples: readonly Example[],
  baselines: readonly Baseline[],
  retriever: Retriever,
  settings: EvaluationSettings,
  turn: () => Promise<void>,
): Promise<EvaluationRow[]> {
  const rows: EvaluationRow[] = [];
  for (let start = 0; start < examples.length; start += BATCH) {
    const batch = examples.slice(start, start + BATCH);
    const greedy = { ...settings.rollout, groupSize: 1, temperature: 0 };
    const groups = await rollOut(policy, batch, greedy, { seed: 0, step: 0 }, turn);
    const parsed = groups.map(({ completions, example }) => parseCompletion(completions[0].text, example));
    const rankings = await rankRelevant(
      batch.map((example, i) => ({ example, query: parsed[i].rewrite ?? '' })),
      retriever,
      settings.k,
    );
    for (const [i, example] of batch.entries()) {
      const { metrics, top } = measured(rankings[i], example, settings.k);
      rows.push({
        exampleId: example.id,
        query: example.query,
        rewrite: parsed[i].rewrite,
        format: parsed[i].format,
        metrics: { ...metrics, promptCut: Number(groups[i].promptCut) },
        baseline: baselines[start + i].metrics,
        top,
        baselineTop: baselines[start + i].top,
      });
    }
  }
  return rows;
}

/** Means over the rows of every metric, the share of cut prompts among them, and that of well-formed answers as `format`. */
export function evaluationMeans(rows: readonly EvaluationRow[]): { metrics: Metrics; baseline: Metrics } {
  const formatOk = rows.filter((row) => row.format === 'ok').length / Math.max(1, rows.length);
  return {
    metrics: { ...means(rows.map((row) => row.metrics)), format: formatOk },
    baseline: means(rows.map((row) => row.baseline)),
  };
}

function measured(ranking: RankOutcome, example: Example, k: number): Baseline {
  if (ranking.kind === 'failed') throw new UserError(`The search for example ${example.id} failed: ${ranking.message}`);
  return {
    metrics: {
      [`ndcg@${k}`]: ndcgOf(ranking, example, k),
      [`recall@${k}`]: measureRanks(ranking, { grades: example.relevant }, { name: 'recall', cutoff: k }),
    },
    top: ranking.top,
  };
}

function means(rows: readonly Metrics[]): Metrics {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0) / rows.length]));
}
