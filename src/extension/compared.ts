/**
 * @file What a comparison found, as its panel is told: the verdict and the table of all queries at once; when they are opened, the
 * other metrics, whose statistics take time, and the ranked lists of a query, which are megabytes for all.
 */
import type {
  ChosenComparison,
  ComparedLists,
  ComparedQuery,
  ComparisonResult,
  Retention,
} from '../../webview/protocol.ts';
import {
  type ComparedMetric,
  type ComparedRow,
  type Comparison,
  otherMetrics,
  type StatisticsOf,
} from '../runs/comparison.ts';
import { readEvaluation } from '../runs/evaluations.ts';
import { openRunReader } from '../runs/reader.ts';
import { readRetention } from '../runs/retention.ts';

export interface Compared {
  readonly result: ComparisonResult;
  /** The same with everything that is known of every query. */
  readonly comparisons: readonly Comparison[];
  /** Every metric of `b` and of the side that it is held against; none where that was not compared. */
  metrics(b: string, statisticsOf: StatisticsOf): Promise<readonly ComparedMetric[]>;
  /** What `b` and the side that it is held against found for an example; null where that was not compared. */
  lists(b: string, exampleId: string): ComparedLists | null;
}

/** @param comparisons one for each of the others that were chosen, in their order. */
export function comparedOf(chosen: ChosenComparison, comparisons: readonly Comparison[], runDir: string): Compared {
  const result = { chosen, comparisons: comparisons.map(shownComparison), retention: retentionOf(chosen, runDir) };
  let recorded: Recorded | undefined;
  return {
    result,
    comparisons,
    metrics: async (b, statisticsOf) => {
      const compared = comparisons.find((comparison) => comparison.b === b);
      return compared ? allMetrics(compared, statisticsOf) : [];
    },
    lists: (b, exampleId) => {
      const compared = comparisons.find((comparison) => comparison.b === b);
      const row = compared?.rows.find((query) => query.exampleId === exampleId);
      recorded ??= recordedOf(chosen, runDir);
      return row ? listsOf(b, row, runDir, recorded) : null;
    },
  };
}

/** The worker compares all of them, and what the run recorded is compared by one at first. */
async function allMetrics(comparison: Comparison, statisticsOf: StatisticsOf): Promise<readonly ComparedMetric[]> {
  const { metrics } = comparison;
  return metrics.length > 1 ? metrics : [...metrics, ...(await otherMetrics(comparison, statisticsOf))];
}

function shownComparison({ rows, ...comparison }: Comparison): ComparisonResult['comparisons'][number] {
  return { ...comparison, rows: rows.map((row) => shownQuery(row, comparison.metric)) };
}

function shownQuery({ exampleId, query, a, b, gain, overlap }: ComparedRow, metric: string): ComparedQuery {
  const answer = ({ rewrite, format, metrics }: ComparedRow['a']): ComparedQuery['a'] => ({
    rewrite,
    format,
    value: metrics[metric],
  });
  return { exampleId, query, a: answer(a), b: answer(b), gain, overlap: overlap.byRank };
}

/** Titles and grades of evaluations that were asked for; the run itself knows those of its training. */
type Recorded = Pick<ComparedLists, 'titles' | 'grades'>;

function recordedOf({ a, others, split }: ChosenComparison, runDir: string): Recorded {
  const evaluations = [a, ...others].flatMap((side) => {
    const at = partsOf(side, runDir);
    return readEvaluation(at.runDir, at.checkpoint, split) ?? [];
  });
  return {
    titles: Object.assign({}, ...evaluations.map(({ titles }) => titles)) as Recorded['titles'],
    grades: Object.assign({}, ...evaluations.map(({ grades }) => grades)) as Recorded['grades'],
  };
}

function listsOf(b: string, row: ComparedRow, runDir: string, recorded: Recorded): ComparedLists {
  const { exampleId } = row;
  const reader = openRunReader(runDir);
  try {
    const grades = Object.hasOwn(recorded.grades, exampleId)
      ? recorded.grades[exampleId]
      : Object.fromEntries(reader.judgments(exampleId));
    const ids = [...new Set([...row.a.top, ...row.b.top, ...Object.keys(grades)])];
    const known = reader.titles(ids);
    const titleOf = (id: string): string =>
      known.get(id) ?? (Object.hasOwn(recorded.titles, id) ? recorded.titles[id] : id);
    const titles = Object.fromEntries(ids.map((id) => [id, titleOf(id)]));
    return { b, exampleId, before: row.a.top, after: row.b.top, titles, grades: { [exampleId]: grades } };
  } finally {
    reader.close();
  }
}

/** Of those sides that were probed. */
function retentionOf({ a, others }: ChosenComparison, ownDir: string): Retention[] {
  return [a, ...others].flatMap((side) => {
    const { runDir, checkpoint } = partsOf(side, ownDir);
    const recorded = readRetention(runDir, checkpoint);
    if (!recorded) return [];
    const probes = recorded.probes.map(({ name, better, mean, interval }) => ({ name, better, mean, interval }));
    return [{ side, probes }];
  });
}

/** The run and the checkpoint that a side names. */
function partsOf(side: string, ownDir: string): { readonly runDir: string; readonly checkpoint: string } {
  const at = side.lastIndexOf(':');
  return at < 0 ? { runDir: ownDir, checkpoint: side } : { runDir: side.slice(0, at), checkpoint: side.slice(at + 1) };
}
