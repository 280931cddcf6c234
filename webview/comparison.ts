/** @file Two checkpoints on the same queries: the verdict in one line, then query by query with both rewrites. */
import { html, nothing, type TemplateResult } from 'lit';
import { decimal, pValueText, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { ComparedRow, Comparison, EvaluationRow } from './protocol.ts';
import { retrievalDiffView, type RankedSide } from './retrieval-diff.ts';
import type { ComparisonState, PanelState } from './state.ts';

/** As in the evaluation table: from both ends, because losses matter as much as gains. */
const ROWS_SHOWN = 200;

export function comparisonView(state: PanelState, effects: Effects): TemplateResult {
  return html`<div class="picker">
      <vscode-button
        id="compare"
        ?disabled=${state.checkpoints.length < 2}
        @click=${() => {
          effects.send({ kind: 'compare' });
        }}
        >Compare Checkpoints…</vscode-button
      >
      ${state.checkpoints.length < 2 ? html`<span class="empty">There must be two checkpoints first.</span>` : nothing}
    </div>
    <div id="comparison" aria-live="polite">${resultView(state.comparison, state, effects)}</div>`;
}

function resultView(comparison: ComparisonState, state: PanelState, effects: Effects): TemplateResult | typeof nothing {
  switch (comparison.kind) {
    case 'none':
      return nothing;
    case 'working':
      return html`<p><vscode-progress-ring aria-hidden="true"></vscode-progress-ring> ${comparison.label}</p>`;
    case 'failed':
      return html`<p class="problem" role="alert">${comparison.message}</p>`;
    case 'done':
      return html`${verdict(comparison.comparison)} ${rowsView(comparison, state, effects)}`;
  }
}

function verdict(c: Comparison): TemplateResult {
  const queries = c.rows.length;
  return html`<table id="comparison-means">
      <caption>
        ${c.metric.toUpperCase()} on ${queries} ${c.split} ${queries === 1 ? 'query' : 'queries'}
      </caption>
      <thead>
        <tr>
          <th scope="col">${c.a}</th>
          <th scope="col">${c.b}</th>
          <th scope="col">Difference</th>
          <th scope="col">Better / same / worse</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <td>${decimal(c.meanA)}</td>
          <td>${decimal(c.meanB)}</td>
          <td><b id="difference">${signed(c.difference)}</b> (<span id="p-value">${pValueText(c.pValue)}</span>)</td>
          <td><span id="wins">${c.wins}</span> / ${c.ties} / ${c.losses}</td>
        </tr>
      </tbody>
    </table>
    <p class="note">${conclusion(c)} Paired randomisation test with 10,000 permutations.</p>`;
}

function conclusion({ a, b, difference, pValue }: Comparison): string {
  if (difference === 0) return 'They do not differ.';
  if (pValue >= 0.05) return 'A difference this large is no surprise where neither is better.';
  return `${difference > 0 ? b : a} is better; chance alone rarely makes a difference this large.`;
}

function rowsView(
  shownComparison: Extract<ComparisonState, { kind: 'done' }>,
  state: PanelState,
  effects: Effects,
): TemplateResult {
  const { comparison } = shownComparison;
  const { rows, a, b } = comparison;
  const shown = rows.length > ROWS_SHOWN ? [...rows.slice(0, ROWS_SHOWN / 2), ...rows.slice(-ROWS_SHOWN / 2)] : rows;
  const side = (label: string, { rewrite, top, metrics }: EvaluationRow): RankedSide => ({
    label,
    query: rewrite,
    top,
    ndcg: metrics[comparison.metric],
  });
  const row = (compared: ComparedRow): TemplateResult => {
    const { exampleId, query, gain } = compared;
    const key = `comparison/${exampleId}`;
    const isOpen = state.open.has(key);
    const metric = comparison.metric;
    return html`<tr class=${gain > 0 ? 'gain' : gain < 0 ? 'loss' : ''}>
        <th scope="row">
          <button
            class="disclosure"
            aria-expanded=${isOpen}
            @click=${() => {
              effects.act({ kind: 'toggle', key });
            }}
          >
            ${query}
          </button>
        </th>
        <td>${compared.a.rewrite ?? html`<i class="bad">${compared.a.format}</i>`}</td>
        <td>${compared.b.rewrite ?? html`<i class="bad">${compared.b.format}</i>`}</td>
        <td class="number">${decimal(compared.a.metrics[metric])}</td>
        <td class="number">${decimal(compared.b.metrics[metric])}</td>
        <td class="number gained">${signed(gain)}</td>
      </tr>
      ${
        isOpen
          ? html`<tr class="details">
              <td colspan="6">
                ${retrievalDiffView({ exampleId, metric: metric.toUpperCase(), before: side(a, compared.a), after: side(b, compared.b) }, shownComparison, state, effects)}
              </td>
            </tr>`
          : nothing
      }`;
  };
  return html`<table class="queries" id="comparison-rows">
    <caption>
      Each query, by gain${rows.length > shown.length ? html`: the ends of a list of ${rows.length}` : nothing}
    </caption>
    <thead>
      <tr>
        <th scope="col">Original query</th>
        <th scope="col">${a}</th>
        <th scope="col">${b}</th>
        <th scope="col" class="number">Before</th>
        <th scope="col" class="number">After</th>
        <th scope="col" class="number">Gain</th>
      </tr>
    </thead>
    <tbody>
      ${shown.map(row)}
    </tbody>
  </table>`;
}
