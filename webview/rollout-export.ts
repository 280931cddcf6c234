/** @file Rollouts as text for a file or the clipboard: one row for each, with its query. Pure. */
import type { Rollout } from './protocol.ts';
import type { ShownGroup } from './rollout-filter.ts';

export type ExportFormat = 'csv' | 'jsonl' | 'tsv';

type Cell = string | number | null;

/** The shown rollouts of a step in a format that spreadsheets or programs read. */
export function exportRollouts(step: number, groups: readonly ShownGroup[], format: ExportFormat): string {
  const rollouts = groups.flatMap((shown) => shown.rollouts.map(({ rollout }) => rollout));
  const terms = [...new Set(rollouts.flatMap((rollout) => Object.keys(rollout.terms)))].filter(
    (term) => term !== 'ndcg',
  );
  const rows = groups.flatMap((group) => rowsOf(step, group, terms));
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map(quoted).join(format === 'csv' ? ',' : '\t')}\r\n`).join('');
}

/** @param terms of the reward beside NDCG; each has a column, as in the panel. */
function rowsOf(step: number, { group, rollouts }: ShownGroup, terms: readonly string[]): Record<string, Cell>[] {
  return rollouts.map(({ rollout, place }) => ({
    step,
    example: group.exampleId,
    query: group.query,
    queryNdcg: group.baseline.ndcg,
    rollout: place,
    rewrite: rollout.rewrite,
    format: rollout.format,
    reward: rollout.reward,
    ndcg: termOf(rollout, 'ndcg'),
    ...Object.fromEntries(terms.map((term) => [`reward.${term}`, termOf(rollout, term)])),
    advantage: rollout.advantage,
    tokens: rollout.tokens,
    logProb: rollout.logProb,
    top: rollout.top.join(' '),
    error: rollout.error ?? null,
    note: rollout.note ?? null,
    completion: rollout.text,
  }));
}

function termOf({ terms }: Rollout, name: string): number | null {
  return Object.hasOwn(terms, name) ? terms[name] : null;
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe: completions are a model's text. */
function quoted(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
