/** @file Rollouts as text for a file: one row for each, with its query. Pure. */
import type { ShownGroup } from './rollout-filter.ts';

export type ExportFormat = 'csv' | 'jsonl';

type Cell = string | number | null;

/** The shown rollouts of a step in a format that spreadsheets or programs read. */
export function exportRollouts(step: number, groups: readonly ShownGroup[], format: ExportFormat): string {
  const rows = groups.flatMap((group) => rowsOf(step, group));
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function rowsOf(step: number, { group, rollouts }: ShownGroup): Record<string, Cell>[] {
  return rollouts.map(({ rollout, place }) => ({
    step,
    example: group.exampleId,
    query: group.query,
    queryNdcg: group.baseline.ndcg,
    rollout: place,
    rewrite: rollout.rewrite,
    format: rollout.format,
    reward: rollout.reward,
    ndcg: 'ndcg' in rollout.terms ? rollout.terms.ndcg : null,
    advantage: rollout.advantage,
    tokens: rollout.tokens,
    logProb: rollout.logProb,
    top: rollout.top.join(' '),
    error: rollout.error ?? null,
    note: rollout.note ?? null,
    completion: rollout.text,
  }));
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe: completions are a model's text. */
function csvCell(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
