/** @file Before and after: the newest evaluation against the original queries, and the course of all of them. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import { disclosure, openableRow } from './openable-row.ts';
import type { Effects } from './panel.ts';
import type { EvaluationRow } from './protocol.ts';
import { judgedMoves, movesBetween } from './ranking.ts';
import { movedText } from './rankings.ts';
import { type RetrievalDiff, retrievalDiffView } from './retrieval-diff.ts';
import { evaluatedKey, mainMetric, type PanelState, shownEvaluation } from './state.ts';
import { FIRST_ROW, type VirtualRow, virtualRows } from './virtual-rows.ts';

export function evaluationView(state: PanelState, effects: Effects): TemplateResult {
  const newest = shownEvaluation(state);
  if (!newest)
    return html`<p class="empty">${t('The first evaluation on held-out queries appears here when it is done.')}</p>`;
  return html`${meansView(state)} ${rowsView(state, effects)}`;
}

function meansView({ evaluations }: PanelState): TemplateResult {
  const names = Object.keys(evaluations.at(-1)!.metrics);
  return html`<table id="evaluations">
    <caption>
      ${t('Means on held-out queries')}
    </caption>
    <thead>
      <tr>
        <th scope="col">${t('Policy')}</th>
        <th scope="col">${t('Split')}</th>
        ${names.map((name) => html`<th scope="col" class="number">${name.toUpperCase()}</th>`)}
      </tr>
    </thead>
    <tbody>
      <tr>
        <th scope="row">${t('Original query')}</th>
        <td>${evaluations.at(-1)!.split}</td>
        ${names.map((name) => html`<td class="number">${decimal(evaluations.at(-1)!.baseline[name])}</td>`)}
      </tr>
      ${evaluations.map(
        ({ step, split, metrics, baseline }) =>
          html`<tr>
            <th scope="row">${step === 0 ? t('Start policy') : t('After step {0}', step)}</th>
            <td>${split}</td>
            ${names.map(
              (name) =>
                html`<td class="number">
                  ${decimal(metrics[name])}
                  ${
                    name in baseline
                      ? html`<span class="change">${signed(metrics[name] - baseline[name])}</span>`
                      : nothing
                  }
                </td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** What every row of the table shares. */
interface Table {
  readonly metric: string;
  readonly shown: NonNullable<PanelState['rows']>;
  readonly state: PanelState;
  readonly effects: Effects;
}

interface EvaluatedQuery {
  readonly row: EvaluationRow;
  readonly gain: number;
}

function rowsView(state: PanelState, effects: Effects): TemplateResult | typeof nothing {
  const { rows: shown } = state;
  const newest = shownEvaluation(state)!;
  if (shown?.evaluation !== newest.id) return nothing;
  const metric = mainMetric(newest.metrics);
  const queries = shown.rows
    .map((row): EvaluatedQuery => ({ row, gain: row.metrics[metric] - row.baseline[metric] }))
    .sort((a, b) => b.gain - a.gain);
  const table: Table = { metric, shown, state, effects };
  const rows = queries.flatMap((query) => rowsOf(query, table));
  const title = t('Each query at step {0}, by gain', newest.step);
  return html`<p class="caption">${title}</p>
    <div id="evaluation-rows" class="table evaluated" role="table" aria-label=${title} aria-rowcount=${rows.length + 1}>
      <div role="row" class="row head">
        <span role="columnheader">${t('Original query')}</span>
        <span role="columnheader">${t('Rewrite')}</span>
        <span role="columnheader" class="number">${t('Before')}</span>
        <span role="columnheader" class="number">${t('After')}</span>
        <span role="columnheader" class="number">${t('Gain')}</span>
        <span role="columnheader">${t('What moved in the top ten')}</span>
      </div>
      ${virtualRows(rows)}
    </div>`;
}

function rowsOf(query: EvaluatedQuery, table: Table): readonly VirtualRow[] {
  const key = evaluatedKey(query.row.exampleId);
  const row = (place: number): TemplateResult => rowView(place, key, query, table);
  return openableRow(key, table.state, row, () => details(query.row, table));
}

function rowView(
  place: number,
  key: string,
  { row, gain }: EvaluatedQuery,
  { metric, shown, state, effects }: Table,
): TemplateResult {
  const grades = shown.grades[row.exampleId] ?? {};
  const moves = movesBetween(row.baselineTop, row.top);
  return html`<div
    role="row"
    aria-rowindex=${place + FIRST_ROW}
    class="row ${gain > 0 ? 'gain' : gain < 0 ? 'loss' : ''}"
  >
    ${disclosure(key, state, effects, row.query)}
    <span role="cell">${row.rewrite ?? html`<i class="bad">${row.format}</i>`}</span>
    <span role="cell" class="number">${decimal(row.baseline[metric])}</span>
    <span role="cell" class="number">${decimal(row.metrics[metric])}</span>
    <span role="cell" class="number gained">${signed(gain)}</span>
    <span role="cell" class="moves">${movedText(judgedMoves(moves, grades), grades, shown.titles)}</span>
  </div>`;
}

function details(row: EvaluationRow, { metric, shown, state, effects }: Table): TemplateResult {
  return retrievalDiffView(diffOf(row, metric), { titles: state.titles, grades: shown.grades }, state, effects);
}

function diffOf(row: EvaluationRow, metric: string): RetrievalDiff {
  const { exampleId, query, rewrite, top, baselineTop, metrics, baseline } = row;
  return {
    exampleId,
    metric: metric.toUpperCase(),
    before: { label: t('Original query'), query, top: baselineTop, ndcg: baseline[metric] },
    after: { label: t('Rewrite'), query: rewrite, top, ndcg: metrics[metric] },
  };
}
