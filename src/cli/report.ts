/** @file What a training came to, on queries that it never saw: a table before and after, and three rewrites in full. */
import { type Evaluated, evaluateArms } from '../app/evaluate.ts';
import { checkpointName, findCheckpoint } from '../runs/checkpoint.ts';
import {
  asTyped,
  compareEvaluations,
  type ComparedRow,
  type Comparison,
  ndcgName,
  RAW_QUERY,
} from '../runs/comparison.ts';
import type { EvaluationRow } from '../runs/events.ts';
import { documentTitles } from '../app/titles.ts';
import type { Output } from './command.ts';

/** Evaluates start and end on the test split, and prints it. */
export async function printReport(runDir: string, output: Output): Promise<void> {
  output.line('\nComparing start and end on the test queries …');
  const [start, end] = await bothEnds(runDir);
  const metric = ndcgName(end.metrics);
  const against = (name: string, rows: readonly EvaluationRow[]): Comparison =>
    compareEvaluations({ name, rows }, { name: end.arm, rows: end.rows }, 'test', { metric });
  const raw = against(RAW_QUERY, end.rows.map(asTyped));
  const before = against(start.arm, start.rows);

  output.line(`\n${end.rows.length} test queries, means:`);
  output.line(
    `  ${' '.repeat(16)}${Object.keys(end.baseline)
      .map((name) => name.padStart(12))
      .join('')}`,
  );
  output.line(tableRow('raw query', Object.values(end.baseline)));
  for (const [name, { metrics }] of [
    ['before training', start],
    ['after training', end],
  ] as const) {
    output.line(
      tableRow(
        name,
        Object.keys(end.baseline).map((key) => metrics[key]),
      ),
    );
  }
  output.line(`\n${metric} after training:`);
  output.line(`  against the raw query       ${verdict(raw)}`);
  output.line(`  against before training     ${verdict(before)}`);

  const titles = await documentTitles(runDir);
  for (const [label, row] of telling(raw.rows)) printExample(label, row, metric, titles, output);
  output.line('');
  output.object({ split: 'test', queries: end.rows.length, raw: summary(raw), start: summary(before) });
}

async function bothEnds(runDir: string): Promise<[Evaluated, Evaluated]> {
  const arms = [checkpointName(0), (await findCheckpoint(runDir)).name];
  const evaluations: Evaluated[] = [];
  const turn = (): Promise<void> => Promise.resolve();
  for await (const one of evaluateArms({ runDir, arms, split: 'test' }, turn)) evaluations.push(one);
  return [evaluations[0], evaluations[1]];
}

function tableRow(name: string, values: readonly number[]): string {
  return `  ${name.padEnd(16)}${values.map((value) => value.toFixed(3).padStart(12)).join('')}`;
}

function verdict({ difference, pValue, wins, ties, losses }: Comparison): string {
  const sign = difference < 0 ? '' : '+';
  const p = pValue < 0.001 ? 'p < 0.001' : `p = ${pValue.toFixed(3)}`;
  return `${sign}${difference.toFixed(3)}  ${p} (paired randomisation test)  ${wins} better, ${ties} equal, ${losses} worse`;
}

function summary({ meanA, meanB, difference, pValue, wins, ties, losses }: Comparison): object {
  return { meanA, meanB, difference, pValue, wins, ties, losses };
}

/** The largest gain, the middle one, and the largest loss: not only what flatters. Rows come by falling gain. */
function telling(rows: readonly ComparedRow[]): [string, ComparedRow][] {
  const last = rows.length - 1;
  const picks = new Map([
    [0, 'the largest gain'],
    [Math.floor(last / 2), 'a typical query'],
    [last, rows[last].gain < 0 ? 'the largest loss' : 'the smallest gain'],
  ]);
  return [...picks].map(([index, label]) => [label, rows[index]]);
}

/** Ranks shown of each example. */
const SHOWN = 5;

function printExample(
  label: string,
  { query, a, b }: ComparedRow,
  metric: string,
  titles: ReadonlyMap<string, string>,
  output: Output,
): void {
  output.line(`\n${label}: ${metric} ${a.metrics[metric].toFixed(2)} → ${b.metrics[metric].toFixed(2)}`);
  output.line(`  query    ${query.replaceAll('\n', ' | ')}`);
  output.line(`  rewrite  ${b.rewrite ?? `(malformed: ${b.format})`}`);
  for (const [i, id] of b.top.slice(0, SHOWN).entries()) {
    output.line(`  ${String(i + 1).padStart(2)}. ${movement(a.top.indexOf(id), i).padEnd(12)} ${titles.get(id) ?? id}`);
  }
}

/** Where a document came from, of the first ten ranks of the raw query. */
function movement(from: number, to: number): string {
  if (from < 0) return 'new';
  if (from === to) return 'stays';
  return `${from < to ? 'down' : 'up'} from ${from + 1}`;
}
