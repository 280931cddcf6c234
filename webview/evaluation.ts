/** @file Before and after: the newest evaluation against the original queries, and the course of all of them. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { EvaluationRow } from './protocol.ts';
import { judgedMoves, movesBetween } from './ranking.ts';
import { movedText } from './rankings.ts';
import { type RetrievalDiff, retrievalDiffView } from './retrieval-diff.ts';
import { mainMetric, shownEvaluation, type PanelState } from './state.ts';

/** Rows on screen; a table of thousands helps nobody, and the largest changes come first. */
const ROWS_SHOWN = 200;

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

function rowsView(state: PanelState, effects: Effects): TemplateResult | typeof nothing {
  const { rows: shown } = state;
  const newest = shownEvaluation(state)!;
  if (shown?.evaluation !== newest.id) return nothing;
  const metric = mainMetric(newest.metrics);
  const rows = shown.rows
    .map((row) => ({ row, gain: row.metrics[metric] - row.baseline[metric] }))
    .sort((a, b) => b.gain - a.gain);
  return html`<table class="queries" id="evaluation-rows">
    <caption>
      ${
        rows.length > ROWS_SHOWN
          ? t('Each query at step {0}, by gain: the first {1} of {2}', newest.step, ROWS_SHOWN, rows.length)
          : t('Each query at step {0}, by gain', newest.step)
      }
    </caption>
    <thead>
      <tr>
        <th scope="col">${t('Original query')}</th>
        <th scope="col">${t('Rewrite')}</th>
        <th scope="col" class="number">${t('Before')}</th>
        <th scope="col" class="number">${t('After')}</th>
        <th scope="col" class="number">${t('Gain')}</th>
        <th scope="col">${t('What moved in the top ten')}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.slice(0, ROWS_SHOWN).map(({ row, gain }) => rowView(row, gain, metric, state, effects))}
    </tbody>
  </table>`;
}

function rowView(
  row: EvaluationRow,
  gain: number,
  metric: string,
  state: PanelState,
  effects: Effects,
): TemplateResult {
  const { titles, grades: allGrades } = state.rows!;
  const grades = allGrades[row.exampleId] ?? {};
  const moves = movesBetween(row.baselineTop, row.top);
  const key = `evaluation/${row.exampleId}`;
  const isOpen = state.open.has(key);
  return html`<tr class=${gain > 0 ? 'gain' : gain < 0 ? 'loss' : ''}>
      <th scope="row">
        <button
          class="disclosure"
          aria-expanded=${isOpen}
          @click=${() => {
            effects.act({ kind: 'toggle', key });
          }}
        >
          ${row.query}
        </button>
      </th>
      <td>${row.rewrite ?? html`<i class="bad">${row.format}</i>`}</td>
      <td class="number">${decimal(row.baseline[metric])}</td>
      <td class="number">${decimal(row.metrics[metric])}</td>
      <td class="number gained">${signed(gain)}</td>
      <td class="moves">${movedText(judgedMoves(moves, grades), grades, titles)}</td>
    </tr>
    ${
      isOpen
        ? html`<tr class="details">
            <td colspan="6">${retrievalDiffView(diffOf(row, metric), state.rows!, state, effects)}</td>
          </tr>`
        : nothing
    }`;
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
