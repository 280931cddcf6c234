/**
 * @file Runs, steps, rewrites and comparisons as short plain text, for language models that are asked about them. Knows nothing
 * of the editor.
 */
import type { RewriteAnswer } from '../app/rewrite-answer.ts';
import type { Comparison } from '../runs/comparison.ts';
import type { Rollout, RolloutGroup } from '../runs/events.ts';
import type { RunListing, RunReader } from '../runs/reader.ts';
import type { RecordedEvaluation } from '../runs/records.ts';

/** Groups of a step, and queries of a comparison at either end, that are told. */
const TOLD = 4;
const TOLD_HITS = 5;
/** Figures of a step that say how training goes. */
const STEP_FIGURES = ['reward', 'ndcg', 'kl', 'entropy', 'loss', 'gradNorm', 'length', 'formatOk', 'zeroVariance'];

/** One line a run, newest first. */
export function runsText(
  listings: readonly RunListing[],
  evaluationsOf: (dir: string) => readonly RecordedEvaluation[],
): string {
  if (listings.length === 0) return 'There is no run yet.';
  return listings
    .map((listing) => {
      if (listing.kind === 'unreadable') return `${listing.dir}: cannot be read (${listing.message})`;
      const { info, checkpoints } = listing;
      const newest = evaluationsOf(info.dir).findLast(({ split }) => split === 'validation');
      const scores = newest ? `, validation after step ${newest.step}: ${figuresText(newest.metrics)}` : '';
      const names = checkpoints.map(({ name }) => name).join(' ');
      return `${info.name}: ${info.state}, step ${info.step} of ${info.totalSteps}, task ${info.taskName}${scores}; checkpoints ${names || 'none'}`;
    })
    .join('\n');
}

/** The figures of a step and the best and worst rewrite of some of its queries; the newest step when none is named. */
export function stepText(reader: RunReader, wanted?: number): string {
  const info = reader.info();
  const step = wanted ?? info.step;
  const event = reader
    .eventsAfter(0)
    .findLast((recorded) => recorded.kind === 'step' && recorded.step === step && !recorded.discarded);
  if (event?.kind !== 'step') return `${info.name} has no step ${step}; it has ${info.step}.`;
  const figures = STEP_FIGURES.filter((name) => Object.hasOwn(event.metrics, name));
  const groups = reader.groups(step);
  return [
    `${info.name}, step ${step} of ${info.totalSteps} (${info.state})`,
    figuresText(Object.fromEntries(figures.map((name) => [name, event.metrics[name]]))),
    `${Math.min(TOLD, groups.length)} of ${groups.length} queries, each with its best and worst rewrite:`,
    ...groups.slice(0, TOLD).map(groupText),
  ].join('\n');
}

function groupText({ query, baseline, rollouts }: RolloutGroup): string {
  const scored = rollouts.filter(({ reward }) => reward !== null).toSorted((a, b) => b.reward! - a.reward!);
  const told = scored.length > 1 ? [scored[0], scored[scored.length - 1]] : scored;
  const asTyped = baseline.ndcg === null ? 'search failed' : `NDCG ${baseline.ndcg.toFixed(3)}`;
  return [`- "${query}" (as typed: ${asTyped})`, ...told.map(rolloutText)].join('\n');
}

function rolloutText({ rewrite, format, reward }: Rollout): string {
  return `  reward ${reward?.toFixed(3) ?? 'none'}: ${rewrite === null ? `malformed (${format})` : `"${rewrite}"`}`;
}

/** The rewrite, what it is worth, and the best documents for it and for the query. */
export function rewriteText(
  { query, rewrite, format, judged, hits, baselineHits }: RewriteAnswer,
  checkpoint: string,
): string {
  const titles = (list: RewriteAnswer['hits']): string =>
    list
      .slice(0, TOLD_HITS)
      .map(({ id, title }, i) => `  ${i + 1}. ${id} ${title}`.trimEnd())
      .join('\n');
  return [
    `"${query}" → ${rewrite === null ? `malformed answer (${format})` : `"${rewrite}"`} by ${checkpoint}`,
    ...(judged
      ? [`${judged.metric}: ${judged.original.toFixed(3)} as typed, ${judged.rewrite.toFixed(3)} rewritten`]
      : []),
    `Found for the rewrite:\n${titles(hits)}`,
    `Found for the query as typed:\n${titles(baselineHits)}`,
  ].join('\n');
}

/** Means with the paired test, and the queries that gained and lost most. */
export function comparisonText({ a, b, split, metric, rows, ...statistics }: Comparison): string {
  const { meanA, meanB, difference, pValue, wins, ties, losses } = statistics;
  const line = ({ query, gain, a: before, b: after }: Comparison['rows'][number]): string =>
    `  ${gain >= 0 ? '+' : ''}${gain.toFixed(3)} "${query}": "${before.rewrite ?? 'malformed'}" → "${after.rewrite ?? 'malformed'}"`;
  const gained = rows.filter(({ gain }) => gain > 0).slice(0, TOLD);
  const lost = rows.filter(({ gain }) => gain < 0).slice(-TOLD).reverse(); // prettier-ignore
  return [
    `${metric} on ${rows.length} ${split} queries: ${a} ${meanA.toFixed(4)}, ${b} ${meanB.toFixed(4)}`,
    `difference ${difference.toFixed(4)}, p = ${pValue.toFixed(4)} (paired randomisation test); ${b} wins ${wins}, ties ${ties}, loses ${losses}`,
    ...(gained.length > 0 ? ['Gained most:', ...gained.map(line)] : []),
    ...(lost.length > 0 ? ['Lost most:', ...lost.map(line)] : []),
  ].join('\n');
}

function figuresText(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join(', ');
}
