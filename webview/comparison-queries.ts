/** @file The queries of a comparison: search, choice and order, and the table, where a row opens what changed in it. */
import { html, type TemplateResult } from 'lit';
import { COMPARED, COMPARED_ORDERS, type ComparisonFilter, shownRows } from './comparison-filter.ts';
import { dropdown } from './dropdown.ts';
import { t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import { disclosure, openableRow } from './openable-row.ts';
import type { Effects } from './panel.ts';
import type { ComparedLists, ComparedQuery, ShownComparison } from './protocol.ts';
import { type RankedSide, retrievalDiffView } from './retrieval-diff.ts';
import { shortName } from './short-name.ts';
import { comparedKey, type PanelState } from './state.ts';
import { textDiffView } from './text-diff.ts';
import { FIRST_ROW, type VirtualRow, virtualRows } from './virtual-rows.ts';

export function comparedQueries(comparison: ShownComparison, state: PanelState, effects: Effects): TemplateResult {
  const { rows, a, b, minimumEffect } = comparison;
  const { filter } = state.comparison;
  const shown = shownRows(rows, filter, minimumEffect);
  const table: Table = { comparison, state, effects };
  const all = shown.flatMap((row) => rowsOf(row, table));
  return html`${filterView(filter, shown.length, rows.length, effects)}
    <div
      id="comparison-rows"
      class="table compared"
      role="table"
      aria-label=${t('Queries of the comparison')}
      aria-rowcount=${all.length + 1}
    >
      <div role="row" class="row head">
        <span role="columnheader">${t('Original query')}</span>
        <span role="columnheader">${shortName(a)}</span>
        <span role="columnheader">${shortName(b)}</span>
        <span role="columnheader" class="number">${t('Before')}</span>
        <span role="columnheader" class="number">${t('After')}</span>
        <span role="columnheader" class="number">${t('Gain')}</span>
        <span role="columnheader" class="number" title=${t('What the lists have in common, by rank')}
          >${t('Overlap')}</span
        >
      </div>
      ${virtualRows(all)} ${shown.length === 0 ? html`<p class="empty">${t('No query fits the search.')}</p>` : ''}
    </div>`;
}

function filterView(filter: ComparisonFilter, shown: number, all: number, { act }: Effects): TemplateResult {
  const change = (changed: Partial<ComparisonFilter>): void => {
    act({ kind: 'compared', comparison: { filter: { ...filter, ...changed } } });
  };
  return html`<div class="filter" role="search">
    <vscode-text-field
      id="compared-text"
      type="search"
      placeholder=${t('Search queries and rewrites')}
      aria-label=${t('Search queries and rewrites')}
      .value=${filter.text}
      @input=${(event: Event) => {
        change({ text: (event.target as HTMLInputElement).value });
      }}
    ></vscode-text-field>
    ${dropdown('compared-show', t('Which queries'), COMPARED, filter.show, (show) => {
      change({ show });
    })}
    ${dropdown('compared-order', t('In which order'), COMPARED_ORDERS, filter.order, (order) => {
      change({ order });
    })}
    <span id="compared-count" role="status"
      >${shown === all ? t('{0} queries', all) : t('{0} of {1} queries', shown, all)}</span
    >
  </div>`;
}

/** What every row of a table shares. */
interface Table {
  readonly comparison: ShownComparison;
  readonly state: PanelState;
  readonly effects: Effects;
}

function rowsOf(row: ComparedQuery, table: Table): readonly VirtualRow[] {
  const key = comparedKey(table.comparison.b, row.exampleId);
  const view = (place: number): TemplateResult => rowView(place, key, row, table);
  return openableRow(key, table.state, view, () => details(key, row, table));
}

function rowView(
  place: number,
  key: string,
  row: ComparedQuery,
  { comparison, state, effects }: Table,
): TemplateResult {
  const { query, a, b, gain, overlap } = row;
  const { minimumEffect } = comparison;
  const tone = gain > minimumEffect ? 'gain' : gain < -minimumEffect ? 'loss' : '';
  const rewrite = (side: ComparedQuery['a']): TemplateResult =>
    side.rewrite === null ? html`<i class="bad">${side.format}</i>` : html`${side.rewrite}`;
  return html`<div role="row" aria-rowindex=${place + FIRST_ROW} class="row ${tone}">
    ${disclosure(key, state, effects, query)}
    <span role="cell">${rewrite(a)}</span>
    <span role="cell">${rewrite(b)}</span>
    <span role="cell" class="number">${decimal(a.value)}</span>
    <span role="cell" class="number">${decimal(b.value)}</span>
    <span role="cell" class="number gained">${signed(gain)}</span>
    <span role="cell" class="number">${decimal(overlap, 2)}</span>
  </div>`;
}

function details(key: string, row: ComparedQuery, table: Table): TemplateResult {
  const lists = table.state.comparison.lists.get(key);
  return html`${textDiffView(row.a.rewrite ?? '', row.b.rewrite ?? '')}
  ${lists ? listsView(row, lists, table) : html`<vscode-progress-ring aria-label=${t('Looking up the lists…')}></vscode-progress-ring>`}`;
}

function listsView(row: ComparedQuery, lists: ComparedLists, { comparison, state, effects }: Table): TemplateResult {
  const side = (label: string, { rewrite, value }: ComparedQuery['a'], top: readonly string[]): RankedSide => ({
    label: shortName(label),
    query: rewrite,
    top,
    ndcg: value,
  });
  const diff = {
    exampleId: row.exampleId,
    metric: comparison.metric.toUpperCase(),
    before: side(comparison.a, row.a, lists.before),
    after: side(comparison.b, row.b, lists.after),
  };
  return retrievalDiffView(diff, lists, state, effects);
}
