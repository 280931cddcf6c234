/** @file The rollouts of one step: what is searched for and shown of them, and the table. `rollout-rows.ts` has its rows. */
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { dropdown } from './dropdown.ts';
import { t } from './l10n.ts';
import type { Effects } from './panel.ts';
import type { RolloutGroup } from './protocol.ts';
import { exportRollouts, type ExportFormat } from './rollout-export.ts';
import { NO_FILTER, ORDERS, SHOWN, type ShownGroup, shownGroups } from './rollout-filter.ts';
import { rolloutRows, type Shown } from './rollout-rows.ts';
import type { PanelState } from './state.ts';
import { virtualRows } from './virtual-rows.ts';

export function rolloutsView(state: PanelState, effects: Effects): TemplateResult {
  const { groups: shown, filter } = state;
  if (!shown) return html`<p class="empty">${t('The rollouts of a step appear here when it has finished.')}</p>`;
  const groups = shownGroups(shown.groups, filter);
  const terms = termNames(shown.groups);
  const rows = rolloutRows(groups, terms, shown, state, effects);
  return html`${filterView(shown, groups, state, effects)}
    <div
      id="rollouts"
      class="table rollouts"
      role="table"
      aria-label=${t('Rollouts of step {0}', shown.step)}
      aria-rowcount=${rows.length + 1}
      ${ref((table) => {
        (table as HTMLElement | undefined)?.style.setProperty('--terms', String(terms.length));
      })}
    >
      <div role="row" class="row head">
        <span role="columnheader">${t('Query and its rewrites')}</span>
        <span role="columnheader" class="number">${t('Reward')}</span>
        ${terms.map((term) => html`<span role="columnheader" class="number" title=${t('Term of the reward: {0}', term)}>${termTitle(term)}</span>`)}
        <span role="columnheader" class="number">${t('Advantage')}</span>
        <span role="columnheader" class="number">${t('Tokens')}</span>
        <span role="columnheader">${t('Verdict')}</span>
        <span role="columnheader">${t('What moved in the top ten')}</span>
      </div>
      ${virtualRows(rows)}
      ${rows.length === 0 ? html`<p class="empty">${t('No rewrite of this step fits the search.')}</p>` : nothing}
    </div>`;
}

/** The terms that any reward of the step is made of, NDCG first: it is what the others are weighed against. */
function termNames(groups: readonly RolloutGroup[]): readonly string[] {
  const names = new Set([
    'ndcg',
    ...groups.flatMap(({ rollouts }) => rollouts.flatMap(({ terms }) => Object.keys(terms))),
  ]);
  return [...names];
}

const TERM_TITLES: Readonly<Record<string, string>> = {
  ndcg: 'NDCG',
  format: t('Format'),
  recall: t('Recall'),
  reciprocalRank: t('1 / rank'),
  category: t('Category'),
  length: t('Length'),
  repetition: t('Repetition'),
};

function termTitle(term: string): string {
  return Object.hasOwn(TERM_TITLES, term) ? TERM_TITLES[term] : `${term[0].toUpperCase()}${term.slice(1)}`;
}

/**
 * Search, choice and order of what is shown, how much that is, and the way to a file. A screen reader says how much when that is
 * asked for, and not with every step.
 */
function filterView(
  shown: Shown,
  groups: readonly ShownGroup[],
  { filter, isFilterNew }: PanelState,
  { act, send }: Effects,
): TemplateResult {
  const count = (list: readonly { readonly rollouts: readonly unknown[] }[]): number =>
    list.reduce((sum, { rollouts }) => sum + rollouts.length, 0);
  const save = (format: ExportFormat): void => {
    send({ kind: 'save', name: `rollouts-${shown.step}.${format}`, text: exportRollouts(shown.step, groups, format) });
  };
  const isFiltered = filter.show !== NO_FILTER.show || filter.text !== '';
  return html`<div class="filter" role="search">
    <vscode-text-field
      id="filter-text"
      type="search"
      placeholder=${t('Search queries and rewrites')}
      aria-label=${t('Search queries and rewrites')}
      .value=${filter.text}
      @input=${(event: Event) => {
        act({ kind: 'filter', filter: { text: (event.target as HTMLInputElement).value } });
      }}
    ></vscode-text-field>
    ${dropdown('filter-show', t('Which rewrites'), SHOWN, filter.show, (show) => {
      act({ kind: 'filter', filter: { show } });
    })}
    ${dropdown('filter-order', t('In which order'), ORDERS, filter.order, (order) => {
      act({ kind: 'filter', filter: { order } });
    })}
    <span id="filter-count" role="status" aria-live=${isFilterNew ? 'polite' : 'off'}
      >${
        isFiltered
          ? t('{0} of {1} rewrites', count(groups), count(shown.groups))
          : t('{0} rewrites', count(shown.groups))
      }</span
    >
    <span class="exports">
      <vscode-button
        id="copy-rollouts"
        appearance="secondary"
        title=${t('Copy what is shown, as a table for a spreadsheet')}
        ?disabled=${groups.length === 0}
        @click=${() => {
          send({ kind: 'copy', text: exportRollouts(shown.step, groups, 'tsv') });
        }}
        >${t('Copy')}</vscode-button
      >
      ${(['csv', 'jsonl'] as const).map(
        (format) =>
          html`<vscode-button
            id="export-${format}"
            appearance="secondary"
            ?disabled=${groups.length === 0}
            @click=${() => {
              save(format);
            }}
            >${format === 'csv' ? t('Export CSV') : t('Export JSON Lines')}</vscode-button
          >`,
      )}
    </span>
  </div>`;
}
